// SPDX-License-Identifier: Apache-2.0
/** A hostile plugin, approved by mistake, on a running agent: each way out is closed and the agent goes on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readFile } from 'node:fs/promises'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { patient } from '../support/patience.ts'
import type { Result } from '@sallyport/core/protocol'

let field: Field
let agent: KnownAgent
let listener: Server
let port: number
let socketPath: string
const received: string[] = []

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  for (const plugin of ['hostile', 'counter']) await field.approve(agent, plugin)
  socketPath = join(field.folder, 'listener.sock')
  listener = createServer((socket) => socket.on('data', (data) => received.push(String(data))))
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', () => done()))
  port = (listener.address() as { port: number }).port
})

afterAll(async () => {
  listener.close()
  await field[Symbol.asyncDispose]()
})

async function attack(name: string, target = ''): Promise<Result> {
  return field.operator.run(agent, { jobType: `hostile/${name}`, input: { target } })
}

/** The agent answers the next job of another plugin. */
async function expectAlive(): Promise<void> {
  const input = { key: randomUUIDv7().slice(0, 40) }
  const result = await field.operator.run(agent, { jobType: 'counter/add', input })
  expect(result).toMatchObject({ state: 'done', output: { count: 1 } })
}

describe('a hostile plugin', () => {
  it.each(['/etc/shadow', '/etc/passwd', '/proc/1/environ', '/proc/self/fd/0'])(
    'cannot read %s',
    async (path) => {
      expect(await attack('read-file', path)).toMatchObject({ state: 'failed' })
    },
  )

  it('cannot read the keys or the database of the agent', async () => {
    const keys = join(field.stateDir('pve1'), 'keys.json')
    expect((await readFile(keys, 'utf8')).length).toBeGreaterThan(0)
    expect(await attack('read-file', keys)).toMatchObject({ state: 'failed' })
    const database = join(field.stateDir('pve1'), 'agent.db')
    expect(new DatabaseSync(database, { readOnly: true }).isOpen).toBe(true)
    expect(await attack('sqlite', database)).toMatchObject({ state: 'failed' })
  })

  it('cannot reach a TCP or a Unix socket that is listening', async () => {
    expect(await attack('connect', `127.0.0.1 ${port}`)).toMatchObject({ state: 'failed' })
    const unix = createServer((socket) => socket.on('data', (data) => received.push(String(data))))
    await new Promise<void>((done) => unix.listen(socketPath, () => done()))
    expect(await attack('connect', socketPath)).toMatchObject({ state: 'failed' })
    unix.close()
    expect(received).toEqual([])
  })

  it('cannot start a program', async () => {
    expect(await attack('spawn')).toMatchObject({ state: 'failed' })
  })

  it('cannot signal the agent', async () => {
    const { pid } = field.program('pve1')
    expect(await attack('signal', String(pid))).toMatchObject({ state: 'failed' })
    expect(() => process.kill(pid, 0)).not.toThrow()
  })

  it('sees no environment of the agent', async () => {
    const result = await attack('environment')
    const stolen = (result.output as { stolen: string } | undefined)?.stolen ?? '{}'
    const names = Object.keys(JSON.parse(stolen) as object)
    expect(names.filter((name) => !name.startsWith('NODE_CHANNEL_') && name !== 'PWD')).toEqual([])
  })

  it('gets no further with a handle than its approval', async () => {
    expect(await attack('handle', '/proc/uptime')).toMatchObject({ state: 'done' })
    for (const path of ['/etc/hostname', '/proc/uptime/../version', '/proc/self/environ']) {
      const result = await attack('handle', path)
      expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
    }
  })

  it('is ended when it never ends, within its deadline', async () => {
    const before = Date.now()
    const result = await attack('loop')
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_RUN_TIMEOUT' } })
    expect(Date.now() - before).toBeLessThan(patient(8_000))
    await expectAlive()
  })

  it('is ended when it takes 2 GB', async () => {
    expect(await attack('memory')).toMatchObject({ state: 'failed' })
    await expectAlive()
  })

  it('ends only itself when it exits', async () => {
    expect(await attack('exit')).toMatchObject({ state: 'failed' })
    await expectAlive()
  })

  it('left every denial in the audit log of the agent', async () => {
    await field.end('pve1')
    const database = new DatabaseSync(join(field.stateDir('pve1'), 'agent.db'), { readOnly: true })
    const entries = database.prepare('SELECT bytes FROM audit_entries').all()
    const texts = entries.map((row) => Buffer.from(row['bytes'] as Uint8Array).toString('utf8'))
    database.close()
    const denied = texts.filter((text) => text.includes('"event":"handle.denied"'))
    expect(denied.some((text) => text.includes('/etc/hostname'))).toBe(true)
    expect(texts.some((text) => text.includes('ERR_RUN_TIMEOUT'))).toBe(true)
    await field.startAgent('pve1')
    await expectAlive()
  })
})
