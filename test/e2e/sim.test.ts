// SPDX-License-Identifier: Apache-2.0
/** `sallyport sim proxmox` as a person runs it, and its program as tests run it. */
import { describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { request } from 'node:https'
import { startProxmoxProcess } from '../simulators/proxmox-process.ts'
import { patient } from '../support/patience.ts'
import { sallyport, start, temporaryFolder } from '../support/programs.ts'

/** What a fleet may take until it listens. Units: seconds of the processor, bytes. */
const FLEET = { cpuSeconds: 5, bytes: 500_000_000 }
const TICKS_PER_SECOND = 100

interface Account {
  readonly url: string
  readonly caPem: string
  readonly token: { readonly id: string; readonly secret: string }
}

/** Asks with the token; resolves with the status and the data. */
function ask({ url, caPem, token }: Account, path: string, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<{ status?: number; data: unknown }>()
  const headers = { authorization: `PVEAPIToken=${token.id}=${token.secret}` }
  const about = { method, headers, ca: caPem, agent: false as const }
  const sent = request(new URL(`/api2/json${path}`, url), about, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => {
      const text = String(Buffer.concat(parts))
      const { data } = (text === '' ? {} : JSON.parse(text)) as { data?: unknown }
      resolve({ status: response.statusCode!, data })
    })
  })
  sent.on('error', reject).end()
  return promise
}

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Waits until a text holds another one. */
async function until(text: () => string, part: string): Promise<void> {
  const endsAt = performance.now() + patient(10_000)
  while (!text().includes(part) && performance.now() < endsAt) {
    await new Promise((done) => setTimeout(done, 25))
  }
  expect(text()).toContain(part)
}

describe('sallyport sim proxmox', () => {
  it('says how to reach it, shows the changes that arrive, and ends without a trace', async () => {
    await using home = await temporaryFolder()
    const args = ['sim', 'proxmox', '--port', '0', '--guests', '5', '--speed', '100', '--json']
    await using sim = await start(args, { home: home.path })
    const ready = sim.ready as unknown as Account & { next: string[]; token: { file: string } }
    expect(ready).toMatchObject({
      format: 'sallyport.sim/1',
      event: 'started',
      simulated: { version: '9.2', nodes: 3, guests: 5, seed: 7 },
    })
    expect((await stat(ready.token.file)).mode & 0o777).toBe(0o600)
    expect(await readFile(ready.token.file, 'utf8')).toBe(
      `${ready.token.id}=${ready.token.secret}\n`,
    )
    expect(ready.next[0]).toContain(`--url ${ready.url}/api2/json --fingerprint `)
    expect(await ask(ready, '/version')).toMatchObject({ status: 200 })
    expect(await ask(ready, '/nodes/pve1/qemu/100/status/stop', 'POST')).toMatchObject({
      status: 200,
    })
    await until(() => sim.output().stdout, 'status/stop')
    const [, ...changes] = lines(sim.output().stdout)
    expect(changes).toMatchObject([
      { event: 'change', user: 'sallyport@pve!lab', method: 'POST', status: 200, hasEffect: true },
    ])
    await sim.end('SIGINT')
    expect(sim.child.exitCode).toBe(0)
    expect(existsSync(ready.token.file)).toBe(false)
    await expect(ask(ready, '/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('names a port that is taken', async () => {
    await using home = await temporaryFolder()
    await using running = await startProxmoxProcess()
    const args = ['sim', 'proxmox', '--port', new URL(running.url).port]
    const { code, stderr } = await sallyport(args, { home: home.path })
    expect(code).toBe(1)
    expect(stderr).toContain('ERR_PORT_TAKEN')
  })
})

describe('the program of a simulator', () => {
  it('takes faults and tells its ledger over its control socket', async () => {
    await using sim = await startProxmoxProcess({ version: '8.4' })
    await sim.addFault({ operation: 'GET /version', times: 1, fault: { kind: 'reset-before' } })
    await expect(ask(sim, '/version')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await ask(sim, '/version')).toMatchObject({ data: { release: '8.4' } })
    const secret = await sim.grant({ token: 'other@pve!ci', privileges: ['VM.Audit'] })
    const other = { ...sim, token: { id: 'other@pve!ci', secret } }
    expect(await ask(other, '/nodes/pve1/qemu/100/status/stop', 'POST')).toMatchObject({
      status: 403,
    })
    expect(await sim.ledger()).toMatchObject([
      { operation: 'GET /version', status: 0 },
      { operation: 'GET /version', status: 200 },
      { user: 'other@pve!ci', status: 403, hasEffect: false },
    ])
  })

  it('starts a fleet of 2,048 nodes and 20,000 guests within five seconds and 500 MB', async () => {
    await using sim = await startProxmoxProcess({ nodes: 2048, guests: 20_000 })
    const [status, stats] = await Promise.all([
      readFile(`/proc/${sim.pid}/status`, 'utf8'),
      readFile(`/proc/${sim.pid}/stat`, 'utf8'),
    ])
    // Source: proc(5): fields 14 and 15 are user and system time in ticks; the name before them may hold spaces.
    const fields = stats.slice(stats.lastIndexOf(')') + 2).split(' ')
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    const bytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
    expect(cpuSeconds).toBeLessThan(patient(FLEET.cpuSeconds))
    expect(bytes).toBeLessThan(FLEET.bytes)
    const { data } = await ask(sim, '/nodes')
    expect(data).toHaveLength(2048)
  })
})
