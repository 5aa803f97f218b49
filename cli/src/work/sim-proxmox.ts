// SPDX-License-Identifier: Apache-2.0
/** Starts the program that serves a simulated cluster, and shows what it says. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '@sallyport/core/protocol'
import { launchOf } from '../launch/become-program.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { counted } from '../output/words.ts'

/** What is simulated, and where it is served. */
export interface SimRequest {
  readonly nodes: number
  readonly guests: number
  readonly seed: number
  readonly version: string
  readonly speed: number
  readonly host: string
  readonly port: number
}

interface Started {
  readonly event: 'sim.started'
  readonly url: string
  readonly fingerprint: string
  readonly caPem: string
  readonly user: string
  readonly password: string
  readonly token: { readonly id: string; readonly secret: string }
}

interface Change {
  readonly event: 'sim.change'
  readonly at: string
  readonly user: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly hasEffect: boolean
}

interface Failed {
  readonly event: 'sim.failed'
  readonly code: string
  readonly message: string
  readonly remedy: string
}

const FORMAT = 'sallyport.sim/1'
/** A path that was asked for may be long. */
const MAX_LINE_BYTES = 256 * 1024

/** Runs until Ctrl-C. */
export async function simProxmox(talk: Talk, request: SimRequest): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sim-'))
  try {
    const child = startProgram(request)
    using _forwarding = forwardSignals(child)
    const ended = new Promise<number | null>((done) => child.once('close', done))
    let hasStarted = false
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = parseJson(Buffer.from(line), MAX_LINE_BYTES) as Started | Change | Failed
      if (said.event === 'sim.failed') throw problemOf(said)
      if (said.event === 'sim.change') showChange(talk, said)
      else await showStart(talk, request, { started: said, tokenFile: join(folder, 'token') })
      hasStarted = true
    }
    const code = await ended
    if (!hasStarted || (code !== null && code !== 0)) throw diedAlone(code)
    talk.say('ended; nothing was kept')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function startProgram(request: SimRequest): ChildProcess {
  const args = Object.entries(request).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { file, args: all, env } = launchOf('sallyport/sim', [...args, '--until-stdin-ends'])
  return spawn(file, all, { env, stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Ctrl-C reaches both processes; this one waits for the other. */
function forwardSignals(child: ChildProcess): Disposable {
  const end = () => void child.kill('SIGTERM')
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
    },
  }
}

async function showStart(
  talk: Talk,
  request: SimRequest,
  { started, tokenFile }: { started: Started; tokenFile: string },
): Promise<void> {
  const { url, fingerprint, caPem, user, password, token } = started
  await writeFile(tokenFile, `${token.id}=${token.secret}\n`, { mode: 0o600 })
  const { version, nodes, guests, seed } = request
  const simulated = { version, nodes, guests, seed }
  const account = { user, password, token: { ...token, file: tokenFile } }
  const next = nextCommands(started, tokenFile)
  talk.event(
    { format: FORMAT, event: 'started', url, fingerprint, caPem, ...account, simulated, next },
    () => startScreen(talk, request, { started, tokenFile }),
  )
}

function startScreen(
  { paint }: Talk,
  { version, nodes, guests, seed }: SimRequest,
  { started, tokenFile }: { started: Started; tokenFile: string },
): string {
  const { url, fingerprint, user, password, token } = started
  const what = `${counted(nodes, 'node')}, ${counted(guests, 'guest')}, seed ${seed}`
  return [
    `Proxmox VE ${version}, simulated: ${what}`,
    '',
    pairs([
      ['address', url],
      ['SHA-256', fingerprint],
      ['user', `${user}, password ${password}`],
      ['token', `${token.id}, separated, with what the jobs need; in ${tokenFile}`],
    ]),
    '',
    'On the host of an agent, and then from the operator:',
    ...nextCommands(started, tokenFile).map((line) => `  ${line}`),
    '',
    paint.dim('Changes that reach it follow. Ctrl-C ends it; nothing is kept.'),
  ].join('\n')
}

function nextCommands({ url, fingerprint }: Started, tokenFile: string): string[] {
  return [
    `sallyport agent bind proxmox pve --url ${url}/api2/json --fingerprint ${fingerprint} --pve-token-file ${tokenFile}`,
    'sallyport job run proxmox/guest.list --agent <name>',
  ]
}

function showChange(talk: Talk, change: Change): void {
  const { at, user, method, path, status, hasEffect } = change
  talk.event({ format: FORMAT, ...change, event: 'change' }, () => {
    const end = hasEffect ? String(status) : talk.paint.bad(`${status} nothing done`)
    const who = safeText(user === '' ? 'nobody' : user)
    return `${talk.paint.dim(at.slice(11, 19))}  ${method.padEnd(6)}  ${safeText(path)}  ${talk.paint.dim(who)}  ${end}`
  })
}

function problemOf({ code, message, remedy }: Failed): Problem {
  return new Problem(code, message, {
    exit: EXIT.failed,
    unharmed: 'Nothing was started.',
    remedy: remedy === '' ? 'See what is wrong on this machine: `sallyport doctor`.' : remedy,
  })
}

function diedAlone(code: number | null): Problem {
  return new Problem('ERR_PROGRAM_START', 'the simulator ended by itself', {
    exit: EXIT.failed,
    details: { code },
    unharmed: 'Nothing of it is left.',
    remedy: 'Run it again with `--debug` and report what it prints.',
  })
}
