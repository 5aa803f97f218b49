// SPDX-License-Identifier: Apache-2.0
/** An agent that its hub serves no more: what is on record, and whose schedules wait. */
import { describe, expect, it } from '@jest/globals'
import type { AuditEventInput } from '@sallyport/core/audit'
import { CodedError } from '@sallyport/sdk'
import { makeHubStop } from '../src/hub-stop.ts'

const told = (code: string): CodedError =>
  new CodedError('ERR_HUB_REFUSED', code, { details: { status: 403, code, correlationId: 'x' } })
const TWINS = told('ERR_AGENT_TWINS')
const REVOKED = told('ERR_AGENT_REVOKED')

function bench() {
  const notes: AuditEventInput[] = []
  const disk = { isFull: false }
  const note = (event: AuditEventInput): void => {
    if (disk.isFull) throw new CodedError('ERR_STORE_WRITE', 'disk full')
    notes.push(event)
  }
  return { stop: makeHubStop({ note }), notes, disk }
}

describe('an agent of which two run', () => {
  it('holds its schedules until the hub serves it again, and both is on record once', () => {
    const { stop, notes } = bench()
    expect(stop.holdsSchedules).toBe(false)
    stop.hear(TWINS)
    stop.hear(TWINS)
    expect(stop.holdsSchedules).toBe(true)
    stop.hear(new CodedError('ERR_HUB_UNREACHABLE', 'away'))
    expect(stop.holdsSchedules).toBe(true)
    stop.served()
    stop.served()
    expect(stop.holdsSchedules).toBe(false)
    expect(notes).toEqual([
      { event: 'agent.unserved', details: { code: 'ERR_AGENT_TWINS', schedules: 'held' } },
      { event: 'agent.served', details: { after: 'ERR_AGENT_TWINS' } },
    ])
  })

  it('holds them also when that cannot be written down, which is done later', () => {
    const { stop, notes, disk } = bench()
    disk.isFull = true
    expect(() => stop.hear(TWINS)).toThrowCode('ERR_STORE_WRITE')
    expect(stop.holdsSchedules).toBe(true)
    disk.isFull = false
    stop.hear(TWINS)
    expect(notes).toHaveLength(1)
  })
})

describe('an agent that a hub says was sent away', () => {
  it("goes on with its schedules, because a hub's word ends none", () => {
    const { stop, notes } = bench()
    stop.hear(REVOKED)
    expect(stop.holdsSchedules).toBe(false)
    expect(notes).toEqual([
      { event: 'agent.unserved', details: { code: 'ERR_AGENT_REVOKED', schedules: 'go on' } },
    ])
  })
})

it('other refusals of a hub, and being served all along, are no news', () => {
  const { stop, notes } = bench()
  stop.served()
  stop.hear(told('ERR_SESSION'))
  stop.hear(new Error('x'))
  expect(notes).toEqual([])
})
