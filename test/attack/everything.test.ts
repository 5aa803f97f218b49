// SPDX-License-Identifier: Apache-2.0
/** A plugin that tries every way out at once: all are denied, it is on record, and the agent answers the next job at once. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Result } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { patient } from '../support/patience.ts'

let field: Field
let agent: KnownAgent
let result: Result
let nextJobMs: number
const received: string[] = []
const listeners: (Server | UdpSocket)[] = []

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
  await field.approve(agent, 'everything')
  await field.operator.run(agent, { jobType: 'counter/add', input: { key: 'warm' } })
  const port = await listen('127.0.0.1')
  const socket = join(field.folder, 'listener.sock')
  await listen(socket)
  await listen('\0sallyport-test')
  const stateDir = field.stateDir('pve1')
  const input = { port, socket, stateDir, agentPid: field.program('pve1').pid }
  result = await field.operator.run(agent, { jobType: 'everything/all', input })
  const before = Date.now()
  await field.operator.run(agent, { jobType: 'counter/add', input: { key: 'after' } })
  nextJobMs = Date.now() - before
})

afterAll(async () => {
  for (const listener of listeners) listener.close()
  await field[Symbol.asyncDispose]()
})

/** Listens on a loopback address (TCP and UDP on one port), or on a Unix address. */
async function listen(address: string): Promise<number> {
  const service = createServer((socket) => {
    received.push('connected')
    socket.on('data', (data) => received.push(String(data))).on('error', () => undefined)
  })
  listeners.push(service)
  const isTcp = address === '127.0.0.1'
  await new Promise<void>((done) =>
    isTcp ? service.listen(0, address, done) : service.listen(address, done),
  )
  if (!isTcp) return 0
  const { port } = service.address() as { port: number }
  const udp = createSocket('udp4').on('message', (data) => received.push(String(data)))
  listeners.push(udp)
  await new Promise<void>((done) => udp.bind(port, address, done))
  return port
}

interface Attempts {
  readonly stolen: Readonly<Record<string, string>>
  readonly denied: Readonly<Record<string, string>>
}

describe('a plugin that tries every way out at once', () => {
  it('gets nothing by any of them', () => {
    expect(result.failure).toBeUndefined()
    const { stolen, denied } = result.output as unknown as Attempts
    expect(stolen).toEqual({})
    expect(Object.keys(denied).length).toBeGreaterThanOrEqual(40)
  })

  it('reaches no socket', () => {
    expect(received).toEqual([])
  })

  it('leaves each denied handle call on record, with the id of its job', async () => {
    const events = auditEvents(field.stateDir('pve1'))
    const denied = events.filter(
      ({ event, jobId }) => event === 'handle.denied' && jobId === result.jobId,
    )
    const text = JSON.stringify(denied)
    for (const target of ['/etc/hostname', '/proc/uptime/../version', 'keys.json', 'disk', 'write'])
      expect(text).toContain(target)
  })

  it('leaves what the walls denied on record, as its own process reported it', () => {
    const denied = auditEvents(field.stateDir('pve1')).filter(
      ({ event, jobId }) => event === 'sandbox.denied' && jobId === result.jobId,
    )
    const text = JSON.stringify(denied)
    for (const what of ['FileSystemRead', 'Net', 'ChildProcess', '/etc/shadow', 'vault.key'])
      expect(text).toContain(what)
    expect(result.handlesUsed).not.toContain('sandbox')
  })

  it('does not keep the agent from the next job', () => {
    expect(nextJobMs).toBeLessThan(patient(1_000))
  })
})
