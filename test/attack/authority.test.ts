// SPDX-License-Identifier: Apache-2.0
/** Who may do what, on a running hub and agent: roots that do not follow, signatures that do not suffice, policies that deny. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { signDocument, type Identity } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  instantOf,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { SiteRoot, keyOf, person, signBy } from '../support/site-root.ts'

const PERMIT = 'permit (principal, action, resource);'
const ben = person('ben')
const acme = person('acme')
const eve = person('eve')

let field: Field
let agent: KnownAgent
let site: SiteRoot
let ann: Identity
/** A second key of the first operator. */
const annAgain = person('ops-1')

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
  site = new SiteRoot(field.operator)
  ann = field.operator.identity
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

/** Signs one job by these and runs it. */
async function run(by: readonly Identity[], changes: Partial<Job> = {}): Promise<Result> {
  const job = field.operator.job(agent, {
    jobType: 'counter/add',
    input: { key: 'effects' },
    requestedBy: by[0]!.signing.keyId,
    ...changes,
  })
  const envelope = signBy(documents.job, job, ...by)
  return field.operator.answerTo(agent, await field.operator.submit(agent, envelope, job.jobId))
}

const effects = () => field.countOf(agent, 'effects')

/** Runs what must be refused, and sees that nothing came of it. */
async function expectRefused(refused: () => Promise<Result>, reason: string): Promise<void> {
  const before = await effects()
  expect(await refused()).toMatchObject({ state: 'refused', refusal: { reason } })
  expect(await effects()).toBe(before)
}

describe('a trust root', () => {
  it('that does not follow the one that stands is refused, and the one that stands goes on', async () => {
    const hostile = keyOf(eve, 'operator')
    const next = site.next({ keys: [...site.root.keys, hostile] })
    const wrong: [string, Uint8Array][] = [
      ['unknown_key', site.sign(next, eve.signing)],
      ['unknown_key', site.sign(next, ann.signing)],
      [
        'unknown_key',
        site.sign(site.next({ keys: [...site.root.keys, keyOf(eve, 'root')] }), eve.signing),
      ],
      ['stale_version', site.sign({ ...next, version: 3 }, field.operator.rootKey)],
      ['stale_version', site.sign({ ...next, version: 1 }, field.operator.rootKey)],
      ['wrong_audience', site.sign({ ...next, siteId: randomUUIDv7() }, field.operator.rootKey)],
      ['malformed', site.signUnderOtherNames(next, field.operator.rootKey)],
    ]
    for (const [reason, envelope] of wrong) {
      expect(await site.send(agent, envelope)).toMatchObject({
        state: 'refused',
        refusal: { reason },
      })
    }
    await expectRefused(() => run([eve]), 'unknown_key')
    expect((await run([ann])).state).toBe('done')
  })

  it('signed under the one before brings people and thresholds, counted by people', async () => {
    await site.change([agent], {
      keys: [
        ...site.root.keys,
        keyOf(ben, 'operator'),
        keyOf(annAgain, 'operator'),
        keyOf(acme, 'customer', { concerns: ['agent/pve1'] }),
      ],
      thresholds: [
        ...site.root.thresholds,
        { jobTypes: 'counter/*', effect: 'change', operators: 2, customers: 1 },
      ],
    })
    await expectRefused(() => run([ann]), 'signatures_missing')
    await expectRefused(() => run([ann, ben]), 'signatures_missing')
    await expectRefused(() => run([ann, acme]), 'signatures_missing')
    await expectRefused(() => run([ann, annAgain, acme]), 'signatures_missing')
    await expectRefused(() => run([ann, eve, acme]), 'signatures_missing')
    await expectRefused(() => run([ben, acme], { requestedBy: ann.signing.keyId }), 'not_requester')
    const before = await effects()
    expect((await run([ann, ben, acme])).state).toBe('done')
    expect(await effects()).toBe(before + 1)
  })

  it('says which customers read the answer, whatever the job says', async () => {
    const result = await run([ann, ben, acme])
    expect(result.readers).toContain(encodeBase64url(acme.sealing.publicKey))
  })

  it('is not rolled back by a hub that sends an older one again', async () => {
    const older = await site.send(agent, field.operator.founded.root)
    expect(older).toMatchObject({ state: 'done', output: { version: 1, isNew: false } })
    await expectRefused(() => run([ann]), 'signatures_missing')
  })

  it('without someone leaves them without a word, and outlives a restart', async () => {
    const left = site.root.keys.filter(({ holder }) => holder !== 'ben')
    await site.change([agent], { keys: left, thresholds: site.root.thresholds.slice(0, 3) })
    await expectRefused(() => run([ben]), 'unknown_key')
    await field.end('pve1', 'SIGKILL')
    await field.startAgent('pve1')
    await expectRefused(() => run([ben]), 'unknown_key')
    expect((await run([ann])).state).toBe('done')
  })
})

describe('a policy', () => {
  it('decides who may do what, by a rule that the refusal names', async () => {
    const text = `@id("reads") permit (principal, action in Sallyport::Action::"read", resource);
@id("ann-adds") permit (principal == Sallyport::Operator::"ops-1", action == Sallyport::Action::"counter/add", resource);
@id("not-there") forbid (principal, action, resource) when { context.step == "plan" };`
    expect(await site.policy(agent, text)).toMatchObject({ state: 'done' })
    expect((await run([ann])).state).toBe('done')
    await expectRefused(() => run([acme]), 'signatures_missing')
    await site.policy(agent, `forbid (principal, action, resource);\n${PERMIT}`)
    const denied = await run([ann])
    expect(denied).toMatchObject({ state: 'refused', refusal: { reason: 'denied_by_policy' } })
    await site.policy(agent, PERMIT)
    expect((await run([ann])).state).toBe('done')
  })

  it('of an older version, by an operator, or of another site is refused', async () => {
    const before = await site.policy(agent, PERMIT, { version: 1 })
    expect(before).toMatchObject({ state: 'refused', refusal: { reason: 'stale_version' } })
    const policy = {
      siteId: site.root.siteId,
      version: 90,
      text: PERMIT,
      issuedAt: instantOf(Date.now()),
    }
    const byOperator = await site.send(agent, signDocument(documents.policy, policy, ann.signing))
    expect(byOperator).toMatchObject({ state: 'refused', refusal: { reason: 'unknown_key' } })
    const foreign = await site.policy(agent, PERMIT, { version: 91, siteId: randomUUIDv7() })
    expect(foreign).toMatchObject({ state: 'refused', refusal: { reason: 'wrong_audience' } })
  })
})

describe('what an agent keeps of all this', () => {
  it('is on record, and each refusal of it', () => {
    const events = auditEvents(field.stateDir('pve1')).map(({ event }) => event)
    expect(events).toEqual(
      expect.arrayContaining([
        'trust.accepted',
        'trust.refused',
        'policy.accepted',
        'policy.refused',
      ]),
    )
  })

  it('lets nothing run once its trust roots were edited on disk', async () => {
    await field.end('pve1')
    const database = new DatabaseSync(join(field.stateDir('pve1'), 'agent.db'))
    database.exec('DROP TRIGGER trust_roots_stand')
    const keys = [...site.root.keys, keyOf(eve, 'operator')]
    const hostile = site.sign({ ...site.root, keys }, eve.signing)
    expect(
      database
        .prepare('UPDATE trust_roots SET envelope = ? WHERE version = ?')
        .run(hostile, site.root.version).changes,
    ).toBe(1)
    database.close()
    await expect(field.startAgent('pve1')).rejects.toThrow(/ERR_TRUST_BROKEN/)
  })
})
