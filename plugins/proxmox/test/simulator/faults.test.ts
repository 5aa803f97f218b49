// SPDX-License-Identifier: GPL-3.0-or-later
/** Faults in the way of requests. */
import { describe, expect, it } from '@jest/globals'
import type { FaultRule } from '../../src/simulator/contract.ts'
import { openFront } from '../support/front.ts'

const STOP = 'POST /nodes/{node}/qemu/{vmid}/status/stop'
const UPID = 'UPID:pve1:00000001:00000002:6A0D0000:qmstop:999:root@pam:'

interface Case {
  readonly name: string
  readonly fault: FaultRule['fault']
  readonly answer: object
  readonly isDone: boolean
}

const CASES: readonly Case[] = [
  {
    name: 'a status is answered and nothing is done',
    fault: { kind: 'status', status: 503, message: 'try later' },
    answer: { status: 503, reason: 'try later', json: { data: null, message: 'try later\n' } },
    isDone: false,
  },
  {
    name: 'a status of the proxy has an empty body',
    fault: { kind: 'status', status: 596, message: 'Connection timed out' },
    answer: { status: 596, reason: 'Connection timed out', text: '' },
    isDone: false,
  },
  {
    name: 'a connection ends before anything is done',
    fault: { kind: 'reset-before' },
    answer: { ends: 'reset' },
    isDone: false,
  },
  {
    name: 'a connection ends after all is done',
    fault: { kind: 'reset-after' },
    answer: { ends: 'reset' },
    isDone: true,
  },
  {
    name: 'no answer comes and nothing is done',
    fault: { kind: 'hang', isDone: false },
    answer: { ends: 'hang' },
    isDone: false,
  },
  {
    name: 'no answer comes though all is done',
    fault: { kind: 'hang', isDone: true },
    answer: { ends: 'hang' },
    isDone: true,
  },
  {
    name: 'an answer comes late',
    fault: { kind: 'delay', delayMs: 700 },
    answer: { status: 200, delayMs: 700 },
    isDone: true,
  },
  {
    name: 'the name of another task is answered',
    fault: { kind: 'other-upid', upid: UPID },
    answer: { status: 200, json: { data: UPID } },
    isDone: true,
  },
  {
    name: 'a page of a proxy is answered',
    fault: { kind: 'html' },
    answer: { status: 502, headers: { 'Content-Type': 'text/html' } },
    isDone: false,
  },
  {
    name: 'a page of a proxy that claims success is answered',
    fault: { kind: 'html', status: 200 },
    answer: { status: 200, text: expect.stringContaining('<html>') },
    isDone: false,
  },
]

const stop = (guest = 100) =>
  ({ method: 'POST', path: `/nodes/pve1/qemu/${guest}/status/stop` }) as const

describe('a fault', () => {
  it.each(CASES)('$name', ({ fault, answer, isDone }) => {
    const front = openFront()
    front.simulator.addFault({ operation: STOP, fault })
    expect(front.send(stop())).toMatchObject(answer)
    expect([...front.simulator.world.tasks.values()].map(({ type }) => type)).toEqual(
      isDone ? ['qmstop'] : [],
    )
    expect(front.simulator.ledger.at(-1)).toMatchObject({ operation: STOP, hasEffect: isDone })
  })

  it('of one operation leaves the others alone', () => {
    const front = openFront()
    front.simulator.addFault({ operation: STOP, fault: { kind: 'reset-before' } })
    expect(front.send().status).toBe(200)
  })

  it('of all operations is in the way of each', () => {
    const front = openFront()
    front.simulator.addFault({ operation: '*', fault: { kind: 'reset-before' } })
    expect(front.send().ends).toBe('reset')
  })

  it('comes as often as was said, and the next rule after it', () => {
    const front = openFront()
    front.simulator.addFault({ operation: '*', times: 2, fault: { kind: 'reset-before' } })
    front.simulator.addFault({ operation: '*', times: 1, fault: { kind: 'hang', isDone: false } })
    const ends = [1, 2, 3, 4].map(() => front.send().ends)
    expect(ends).toEqual(['reset', 'reset', 'hang', undefined])
  })

  it('goes when all are cleared', () => {
    const front = openFront()
    front.simulator.addFault({ operation: '*', fault: { kind: 'reset-before' } })
    front.simulator.clearFaults()
    expect(front.send().status).toBe(200)
  })

  it('does not reach whoever is not let in', () => {
    const front = openFront()
    front.simulator.addFault({ operation: '*', fault: { kind: 'reset-before' } })
    expect(front.send({ login: 'nobody' }).status).toBe(401)
  })
})
