// SPDX-License-Identifier: Apache-2.0
/** A simulated Proxmox VE cluster as a process of its own, for tests that look at programs from outside. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FaultRule, LedgerEntry, TokenGrant } from '@sallyport/plugin-proxmox/testing'

/** What is started; see the flags of `sallyport sim proxmox`. */
export interface ProcessOptions {
  readonly version?: string
  readonly nodes?: number
  readonly guests?: number
  readonly seed?: number
  readonly speed?: number
  readonly port?: number
}

/** A cluster that runs as a process. */
export interface ProxmoxProcess extends AsyncDisposable {
  readonly pid: number
  readonly url: string
  readonly fingerprint: string
  readonly caPem: string
  readonly user: string
  readonly password: string
  readonly token: { readonly id: string; readonly secret: string }
  ledger(): Promise<readonly LedgerEntry[]>
  addFault(rule: FaultRule): Promise<void>
  clearFaults(): Promise<void>
  /** Makes one more token and returns its secret. */
  grant(grant: TokenGrant): Promise<string>
  close(): Promise<void>
}

type Ready = Pick<ProxmoxProcess, 'url' | 'fingerprint' | 'caPem' | 'user' | 'password' | 'token'>

/** Starts the process and waits until it listens. */
export async function startProxmoxProcess(options: ProcessOptions = {}): Promise<ProxmoxProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  const control = join(folder, 'control')
  const main = fileURLToPath(import.meta.resolve('sallyport/sim'))
  const flags = Object.entries({ speed: 100, ...options, control })
  const args = flags.flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(
    process.execPath,
    ['--conditions=@sallyport/source', main, ...args, '--until-stdin-ends'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const close = async () => {
    child.kill('SIGTERM')
    await gone
    await rm(folder, { recursive: true, force: true })
  }
  const lines = createInterface({ input: child.stdout })
  const first = await new Promise<string>((done) => {
    lines.once('line', done)
    lines.once('close', () => done('{"event":"sim.failed","message":"it said nothing"}'))
  })
  const { event, ...ready } = JSON.parse(first) as Ready & { event: string }
  if (event !== 'sim.started') {
    await close()
    throw new Error(`the simulator did not start: ${first}`)
  }
  const ask = (method: string, path: string, body?: unknown) =>
    askControl(control, { method, path, body })
  return {
    ...ready,
    pid: child.pid!,
    ledger: async () => (await ask('GET', '/ledger')) as LedgerEntry[],
    addFault: async (rule) => void (await ask('POST', '/faults', rule)),
    clearFaults: async () => void (await ask('DELETE', '/faults')),
    grant: async (grant) => ((await ask('POST', '/tokens', grant)) as { secret: string }).secret,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function askControl(
  socketPath: string,
  { method, path, body }: { method: string; path: string; body: unknown },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const sent = request({ socketPath, method, path }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => {
      const answer: unknown = JSON.parse(Buffer.concat(parts).toString())
      if (response.statusCode === 200) resolve(answer)
      else reject(new Error(JSON.stringify(answer)))
    })
  })
  sent.on('error', reject)
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
