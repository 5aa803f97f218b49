// SPDX-License-Identifier: Apache-2.0
/** A real sshd on loopback with keys and settings of its own, for one test file. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { parseKnownHostLine, parseSshPrivateKey } from '../../../../src/plugins/bindings/ssh-key.ts'
import type { SshBinding } from '../../../../src/plugins/bindings/binding.ts'
import { freePort } from '../../../../../test/support/free-port.ts'
import { patient } from '../../../../../test/support/patience.ts'

const SSHD = '/usr/sbin/sshd'

/** A key pair as files. */
export interface KeyFiles {
  /** The file of the private key. */
  readonly path: string
  /** The line of the public key. */
  readonly line: string
}

/** Makes a key pair in a folder. */
export function makeKey(folder: string, name: string, ...options: string[]): KeyFiles {
  const path = join(folder, name)
  const kind = options.length > 0 ? options : ['-t', 'ed25519']
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', name, '-f', path, ...kind])
  return { path, line: readFileSync(`${path}.pub`, 'utf8').trim() }
}

/** How a host is set up. */
export interface SshdOptions {
  /** Lines of authorized_keys. */
  readonly authorized: readonly string[]
  /** What ssh-keygen makes the host's key of. */
  readonly hostKeyOptions?: readonly string[]
  /** Further lines of its configuration. */
  readonly settings?: readonly string[]
}

/** A running host. */
export interface SshHost extends AsyncDisposable {
  readonly port: number
  readonly user: string
  /** The host's key in SSH wire format, base64. */
  readonly hostKey: string
  /** What it has written to its log. */
  log(): string
  /** A binding for this host with the key in a file. */
  binding(key: KeyFiles, changes?: Partial<SshBinding>): Promise<SshBinding>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a host; it is ended by its number. */
export async function startSshd(options: SshdOptions): Promise<SshHost> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sshd-'))
  const hostKeyFiles = makeKey(folder, 'host', ...(options.hostKeyOptions ?? []))
  const port = await freePort()
  const authorized = join(folder, 'authorized_keys')
  writeFileSync(authorized, `${options.authorized.join('\n')}\n`)
  const config = join(folder, 'config')
  const lines = [...configOf(port, hostKeyFiles.path, authorized), ...(options.settings ?? [])]
  writeFileSync(config, `${lines.join('\n')}\n`)
  // Where sshd puts the unprivileged half of itself; Debian's service makes the folder.
  if (process.getuid!() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await listening(port, () => log)
  const hostKey = parseKnownHostLine(hostKeyFiles.line)!.publicKey
  const user = userInfo().username
  return {
    port,
    user,
    hostKey,
    log: () => log,
    async binding(key, changes = {}) {
      const { privateKey } = await parseSshPrivateKey(readFileSync(key.path, 'utf8'))
      const address = { host: '127.0.0.1', port, user }
      return { kind: 'ssh', ...address, hostKeys: [hostKey], privateKey, ...changes }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configOf(port: number, hostKey: string, authorized: string): string[] {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 500',
    'LogLevel VERBOSE',
  ]
}

async function listening(port: number, log: () => string): Promise<void> {
  const endsAt = performance.now() + patient(10_000)
  while (performance.now() < endsAt) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    await after(50)
  }
  throw new Error(`sshd does not start: ${log()}`)
}
