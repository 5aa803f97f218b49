// SPDX-License-Identifier: Apache-2.0
/** A key that an operator lifts at one hub, at which another hub of the same store had counted too. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { routes } from '@sallyport/core/transport'
import { Lifts } from '../../src/abuse/lifts.ts'
import { WakeUps } from '../../src/queue/wake-ups.ts'
import type { Principal } from '../../src/sessions/principals.ts'
import { openGuard, type TestGuard } from '../support/guard.ts'

const AGENT = { keyId: 'k'.repeat(43), siteId: 's', role: 'agent' } as unknown as Principal
const LADDER = { backOffAfter: 1, backOffFirstMs: 60_000, penaltyMs: 0, quarantineAfter: 9 }

/** Two hubs that hear each other and count by themselves. */
function twoHubs() {
  const wakeUps: [WakeUps, WakeUps] = [
    new WakeUps((subject) => wakeUps[1].hear(subject)),
    new WakeUps((subject) => wakeUps[0].hear(subject)),
  ]
  const out = new Set<string>()
  return wakeUps.map((own) => {
    const held = openGuard(LADDER)
    const quarantines = { lift: async (_: string, keyId: string) => out.delete(keyId) }
    return { ...held, lifts: new Lifts({ quarantines, guard: held.guard, wakeUps: own }), out }
  })
}

const request = () => ({ socket: { remoteAddress: '192.0.2.1' }, headers: {} }) as IncomingMessage

const asks = async ({ guard }: TestGuard) => guard.admitKnown(request(), AGENT, routes.listPostings)

describe('a key that is lifted at one hub', () => {
  it('is forgiven at the other one too', async () => {
    const hubs = twoHubs()
    for (const { guard } of hubs) await guard.failed(request(), AGENT, 'ERR_REQUEST_FORM')
    for (const hub of hubs) await expect(asks(hub)).rejects.toThrowCode('ERR_LOCKED_OUT')
    hubs[0]!.out.add(AGENT.keyId)
    expect(await hubs[0]!.lifts.lift(AGENT.siteId, AGENT.keyId)).toBe(true)
    await new Promise((done) => setImmediate(done))
    for (const hub of hubs) await asks(hub)
  })

  it('and was not out stays as it is', async () => {
    const hubs = twoHubs()
    await hubs[1]!.guard.failed(request(), AGENT, 'ERR_REQUEST_FORM')
    expect(await hubs[0]!.lifts.lift(AGENT.siteId, AGENT.keyId)).toBe(false)
    await expect(asks(hubs[1]!)).rejects.toThrowCode('ERR_LOCKED_OUT')
  })
})
