// SPDX-License-Identifier: Apache-2.0
/** A mailbox full of rubbish: the one good job behind it runs, and neither log nor memory grows with the flood. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity, seal, signDocument } from '@sallyport/core/crypto'
import { documents, encodeJson, instantOf } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { Target } from '../support/target.ts'

/** As many as a hub holds for one agent, less room for the good one. */
const COUNT = 950
const AT_ONCE = 16
/** Entries that refusals of one minute have of their own. */
const PER_MINUTE = 240

let target: Target
beforeAll(async () => {
  target = await Target.open()
})
afterAll(async () => target[Symbol.asyncDispose]())

/** Rubbish of each kind that the agent decides on by itself, sealed once. */
async function rubbish(): Promise<string[]> {
  const { operator, agent } = target
  const eve = makeIdentity('eve', randomBytes(64))
  const cancellation = {
    cancellationId: randomUUIDv7(),
    siteId: operator.siteId,
    agentIds: [agent.agentId],
    jobId: randomUUIDv7(),
    why: 'a flood',
    issuedAt: instantOf(Date.now()),
    readers: [agent.sealingKey],
  }
  const to = (bytes: Uint8Array): Promise<string> => seal(bytes, [agent.sealingKey])
  return [
    'rubbish',
    await to(encodeJson({ not: 'an envelope' })),
    await to(operator.sign(target.adding(), eve)),
    await to(signDocument(documents.cancellation, cancellation, eve.signing)),
    // Signed by the operator; under these labels it may not run.
    await to(operator.sign(target.adding())),
  ]
}

describe('a flood', () => {
  it('does not keep the good job behind it from running, and fills neither log nor memory', async () => {
    const kinds = await rubbish()
    const before = target.memory()
    const sizeBefore = auditEvents(target.field.stateDir('pve1')).length
    const { agentId } = target.agent
    const labels = Array.from({ length: COUNT }, () => randomUUIDv7())
    for (let from = 0; from < COUNT; from += AT_ONCE) {
      const some = labels.slice(from, from + AT_ONCE).map((envelopeId, n) =>
        target.operator.hub.submitEnvelope({
          envelopeId,
          agentId,
          sealed: kinds[(from + n) % kinds.length]!,
          expiresAt: instantOf(Date.now() + 600_000),
        }),
      )
      await Promise.all(some)
    }
    const adding = { jobType: 'counter/add', input: { key: 'good' } }
    const good = await target.operator.run(target.agent, adding, 90_000)
    expect(good).toMatchObject({ state: 'done', output: { count: 1 } })

    const { hub } = target.operator
    const last = await target.operator.answerTo(target.agent, labels.at(-1)!, 60_000)
    expect(last.state).toBe('refused')
    const states = await Promise.all(
      [0, COUNT >> 1, COUNT - 1].map(async (n) => (await hub.showEnvelope(labels[n]!)).state),
    )
    expect(states).toEqual(['answered', 'answered', 'answered'])
    expect(target.memory() - before).toBeLessThan(120)
    await target.expectUnharmed()

    await target.field.end('pve1')
    const entries = auditEvents(target.field.stateDir('pve1')).slice(sizeBefore)
    const often = entries.filter(({ event }) => event === 'job.refused-often')
    const own = entries.filter(({ event }) => event.endsWith('.refused')).length
    const counted = often.flatMap(({ details }) =>
      Object.values(details['counts'] as Record<string, number>),
    )
    expect(own + counted.reduce((sum, count) => sum + count, 0)).toBe(COUNT)
    const minutes = 1 + often.length
    expect(own).toBeLessThanOrEqual(PER_MINUTE * minutes)
  })
})
