// SPDX-License-Identifier: Apache-2.0
/** The chain of trust from publisher to host, on a running hub and agents: what is not vouched for does not load. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readAgentPlugins } from '@sallyport/agent'
import { digestOf, makeBundle, makeIdentity, openBundle } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  encodeEnvelope,
  encodeJson,
  instantOf,
  pae,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { patient } from '../support/patience.ts'

const COUNTER = 'attack/plugins/counter.ts'
const MINUTE = 60_000

let field: Field
let agent: KnownAgent
let bundle: Uint8Array

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  bundle = await field.approve(agent, 'counter')
  await field.approve(agent, 'hostile')
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

/** An agent of its own, for cases whose traces would be in the way of others. */
async function freshAgent(): Promise<{ name: string; agent: KnownAgent }> {
  const name = `host-${randomBytes(4).toString('hex')}`
  return { name, agent: await field.addAgent(name) }
}

const add = (on: KnownAgent, input: object = {}): Promise<Result> =>
  field.operator.run(on, { jobType: 'counter/add', input: { key: randomUUIDv7(), ...input } })

/** The standing of a plugin on an agent, as its own listing says. */
const standing = (name: string, plugin = 'counter') =>
  readAgentPlugins(field.stateDir(name)).find((held) => held.plugin === plugin)?.standing

/** Edits a database behind the back of the program that uses it. */
function edit(path: string, sql: string, ...values: (string | Uint8Array)[]): void {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  expect(database.prepare(sql).run(...values).changes).toBe(1)
  database.close()
}

const ownDatabase = (name: string): string => join(field.stateDir(name), 'agent.db')

type Place = readonly [what: string, find: (text: string) => number]

const after = (text: string, ...marks: string[]): number =>
  marks.reduce((from, mark) => text.indexOf(mark, from) + mark.length, 0)

/** One byte in each part and place of a bundle file. */
const PLACES: readonly Place[] = [
  ['the first byte', () => 0],
  ['the format', (text) => after(text, 'sallyport-bundle-') - 5],
  ['the name in the manifest', (text) => after(text, '"name":"counter') - 3],
  ['a permission in the manifest', (text) => after(text, '"maxBytes":')],
  ['the digest of the code', (text) => after(text, '"parts"', '"plugin.mjs"', 'sha256:') + 3],
  ['the code', (text) => after(text, '"parts"', '"plugin.mjs"', '"text":') + 400],
  ['the end of the code', (text) => text.length - 10],
  ['the licences', (text) => after(text, '"parts"', '"licenses.txt"', '"text":"')],
  ['the last byte', (text) => text.length - 1],
]

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at]! ^= 1
  return changed
}

describe('B01: one flipped byte', () => {
  it.each(PLACES)(
    'in %s of the bundle on the disk of the agent: it does not load, others do',
    async (_what, find) => {
      const at = find(textOf(bundle))
      const sql = 'UPDATE bundles SET bytes = ? WHERE digest = ?'
      edit(ownDatabase('pve1'), sql, flipped(bundle, at), digestOf(bundle))
      const reason = 'digest_mismatch'
      expect(await add(agent)).toMatchObject({ state: 'refused', refusal: { reason } })
      expect(standing('pve1')?.state).toBe('damaged')
      const other = await field.operator.run(agent, {
        jobType: 'hostile/environment',
        input: { target: '' },
      })
      expect(other.state).toBe('done')
      edit(ownDatabase('pve1'), sql, bundle, digestOf(bundle))
      expect(await add(agent)).toMatchObject({ state: 'done' })
      expect(standing('pve1')?.state).toBe('approved')
    },
    60_000,
  )

  it.each(PLACES)(
    'in %s of the bundle at the hub: the approval is refused',
    async (what, find) => {
      const version = `1.0.${PLACES.findIndex(([place]) => place === what) + 1}`
      const next = await buildBundle(COUNTER, version)
      const at = find(textOf(next))
      await field.operator.hub.storeBundle(digestOf(next), next)
      const sql = 'UPDATE bundles SET bytes = ? WHERE digest = ?'
      await field.changeHub(sql, flipped(next, at), digestOf(next))
      const approval = field.operator.approval(agent, next)
      const signed = field.operator.signAny(documents.approval, approval)
      const label = await field.operator.submit(agent, signed)
      const answer = await field.operator.answerTo(agent, label)
      expect(answer).toMatchObject({ refusal: { reason: 'digest_mismatch' } })
      expect((await add(agent)).plugin?.version).toBe('1.0.0')
    },
    60_000,
  )

  it('in the approval on the disk of the agent: nothing of it loads, and the start says so', async () => {
    const { name, agent: own } = await freshAgent()
    await field.approve(own, 'counter')
    await field.approve(own, 'hostile')
    await field.end(name)
    const database = new DatabaseSync(ownDatabase(name))
    const select = database.prepare("SELECT envelope FROM approvals WHERE plugin_name = 'counter'")
    const { envelope } = select.get() as { envelope: Uint8Array }
    database.close()
    const middle = Buffer.from(envelope).indexOf('"payload":"') + 200
    const sql = "UPDATE approvals SET envelope = ? WHERE plugin_name = 'counter'"
    edit(ownDatabase(name), sql, flipped(envelope, middle))
    const started = await field.startAgent(name)
    expect(started.output().stderr).toContain('this plugin may not load')
    expect(standing(name)).toMatchObject({ state: 'damaged' })
    expect(standing(name, 'hostile')).toMatchObject({ state: 'approved' })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'not_approved' } })
  })
})

describe('B02: a bundle with other parts than were published', () => {
  const remade = (change: (texts: Record<string, string>) => void): Uint8Array => {
    const { manifest, parts } = openBundle(bundle, digestOf(bundle))
    const texts = Object.fromEntries(Object.entries(parts).map(([name, { text }]) => [name, text]))
    change(texts)
    return makeBundle({ ...manifest, version: '1.1.0' }, texts)
  }
  const original = (): Uint8Array => remade(() => undefined)

  it.each([
    ['one more', (texts: Record<string, string>) => void (texts['more.mjs'] = 'export {}')],
    ['an empty one', (texts: Record<string, string>) => void (texts['plugin.mjs'] = '')],
    ['another one', (texts: Record<string, string>) => void (texts['licenses.txt'] = 'none')],
  ])('%s is refused under the publication of the other', async (_what, change) => {
    const publication = field.operator.publish(original())
    const answer = await field.operator.approve(agent, remade(change), { publication })
    expect(answer).toMatchObject({ refusal: { reason: 'not_published' } })
  })

  it('one missing is refused, whoever signed it', async () => {
    const { manifest, parts } = openBundle(bundle, digestOf(bundle))
    const { 'licenses.txt': _missing, ...rest } = parts
    const bytes = encodeJson({ format: 'sallyport-bundle-1', manifest, parts: rest })
    await field.operator.hub.storeBundle(digestOf(bytes), bytes)
    const plugin = { name: 'counter', version: '1.0.0', digest: digestOf(bytes) }
    const approval = field.operator.approval(agent, bundle, { changes: { plugin } })
    const signed = field.operator.signAny(documents.approval, approval)
    const answer = await field.operator.answerTo(agent, await field.operator.submit(agent, signed))
    expect(answer).toMatchObject({ refusal: { reason: 'digest_mismatch' } })
  })
})

describe('B03: a publisher who does not vouch for it', () => {
  const stranger = makeIdentity('stranger', randomBytes(64))
  let next: Uint8Array

  beforeAll(async () => {
    next = await buildBundle(COUNTER, '1.2.0')
  })

  it('unsigned: an approval without a publication is refused', async () => {
    for (const publication of ['', 'e30']) {
      const answer = await field.operator.approve(agent, next, { publication })
      expect(answer).toMatchObject({ refusal: { reason: 'not_published' } })
    }
  })

  it('signed by another key than the approval names', async () => {
    const publication = field.operator.publish(next, stranger)
    const answer = await field.operator.approve(agent, next, { publication })
    expect(answer).toMatchObject({ refusal: { reason: 'not_published' } })
  })

  it('signed, but the approval itself is the publisher’s own', async () => {
    const answer = await field.operator.approve(agent, next, { by: field.operator.publisher })
    expect(answer).toMatchObject({ refusal: { reason: 'unknown_key' } })
  })

  it.each([
    ['expired', { fromDays: -30, untilDays: -1 }],
    ['from the future', { fromDays: 1, untilDays: 30 }],
  ])('signed by a publication that is %s', async (_what, window) => {
    const publication = field.operator.publish(next, field.operator.publisher, window)
    const answer = await field.operator.approve(agent, next, { publication })
    expect(answer).toMatchObject({ refusal: { reason: 'not_published' } })
  })

  it('revoked: nothing by this key loads, and what another published does', async () => {
    const { name, agent: own } = await freshAgent()
    const publisher = makeIdentity('acme', randomBytes(64))
    await field.approve(own, 'counter', { publisher })
    await field.approve(own, 'hostile')
    const publisherKey = encodeBase64url(publisher.signing.publicKey)
    expect(await field.operator.revoke(own, { publisherKey })).toMatchObject({ state: 'done' })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'revoked' } })
    expect(standing(name)).toMatchObject({ state: 'revoked', why: 'a test' })
    const other = await field.operator.run(own, {
      jobType: 'hostile/environment',
      input: { target: '' },
    })
    expect(other.state).toBe('done')
  })
})

describe('B05: signed and valid, but not approved on this agent', () => {
  it('does not load, though the hub has it and another agent runs it', async () => {
    const { agent: own } = await freshAgent()
    expect(await add(own)).toMatchObject({ refusal: { reason: 'not_approved' } })
    const approval = field.operator.approval(agent, bundle)
    const signed = field.operator.signAny(documents.approval, approval)
    const misled = await field.operator.answerTo(own, await field.operator.submit(own, signed))
    expect(misled).toMatchObject({ refusal: { reason: 'wrong_audience' } })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'not_approved' } })
  })

  it('does not load for a job type that the approval leaves out', async () => {
    const { agent: own } = await freshAgent()
    await field.approve(own, 'counter', { jobs: ['read'] })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'not_approved' } })
    expect(await field.countOf(own, 'a')).toBe(0)
  })
})

describe('B06 and B10: a lower version, another publisher', () => {
  it('is refused until the operator says that it is meant', async () => {
    const { agent: own } = await freshAgent()
    const stranger = makeIdentity('acme', randomBytes(64))
    await field.approve(own, 'counter', { version: '2.0.0' })
    const older = await buildBundle(COUNTER, '2.0.0-rc.1')
    const refused = await field.operator.approve(own, older)
    expect(refused).toMatchObject({ refusal: { reason: 'lower_version' } })
    const foreign = await field.operator.approve(own, bundle, { publisher: stranger })
    expect(foreign).toMatchObject({ refusal: { reason: 'other_publisher' } })
    expect((await add(own)).plugin?.version).toBe('2.0.0')
    const overrides = ['lower_version', 'other_publisher'] as const
    const meant = { publisher: stranger, overrides: [...overrides] }
    expect(await field.operator.approve(own, older, meant)).toMatchObject({ state: 'done' })
    expect((await add(own)).plugin?.version).toBe('2.0.0-rc.1')
  })

  it('is what a name that only looks alike gets: an identity of its own', async () => {
    const jobs = field.operator
    expect(await jobs.run(agent, { jobType: 'c0unter/add', input: { key: 'a' } })).toMatchObject({
      refusal: { reason: 'not_approved' },
    })
  })
})

describe('B07: the same name and version with other bytes', () => {
  it('is refused, wherever the hub puts it', async () => {
    const approved = await buildBundle(COUNTER, '1.3.0')
    const { manifest } = openBundle(approved, digestOf(approved))
    const other = makeBundle(manifest, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
    await field.operator.hub.storeBundle(digestOf(approved), approved)
    const sql = 'UPDATE bundles SET bytes = ? WHERE digest = ?'
    await field.changeHub(sql, other, digestOf(approved))
    const signed = field.operator.signAny(
      documents.approval,
      field.operator.approval(agent, approved),
    )
    const answer = await field.operator.answerTo(agent, await field.operator.submit(agent, signed))
    expect(answer).toMatchObject({ refusal: { reason: 'digest_mismatch' } })
    expect((await add(agent)).plugin?.version).toBe('1.0.0')
  })
})

describe('B08: more permissions than were approved', () => {
  it('are refused until they are approved too', async () => {
    const next = await buildBundle(COUNTER, '1.4.0')
    const { jobs } = field.operator.approval(agent, next)
    const ledger = { kind: 'state', maxBytes: 1 } as const
    const narrow = { ...jobs, add: { ...jobs['add']!, permissions: { ledger } } }
    const changes = { jobs: narrow }
    const refused = await field.operator.approve(agent, next, { changes })
    const details = { jobs: ['add'] }
    expect(refused).toMatchObject({ refusal: { reason: 'permissions_differ', details } })
    expect((await add(agent)).plugin?.version).toBe('1.0.0')
    expect(await field.operator.approve(agent, next)).toMatchObject({ state: 'done' })
    expect((await add(agent)).plugin?.version).toBe('1.4.0')
  })
})

describe('B26: names that are none', () => {
  it.each([
    ['a path', '../../agent'],
    ['nothing', ''],
    ['a capital', 'Counter'],
    ['a blank', 'counter '],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['a slash', 'a/b'],
    ['a dot', '.'],
    ['a control character', '\u0000'],
  ])('an approval of a plugin whose name is or has %s is refused', async (_what, name) => {
    const { plugin, ...rest } = field.operator.approval(agent, bundle)
    const payload = encodeJson({ ...rest, plugin: { ...plugin, name } })
    const { payloadType } = documents.approval
    const { signing } = field.operator.identity
    const signature = signing.sign(pae(payloadType, payload))
    const signatures = [{ keyId: signing.keyId, signature }]
    const envelope = encodeEnvelope({ payloadType, payload, signatures })
    const label = await field.operator.submit(agent, envelope, rest.approvalId)
    expect(await field.operator.answerTo(agent, label)).toMatchObject({
      refusal: { reason: 'malformed' },
    })
    expect((await add(agent)).state).toBe('done')
  })
})

describe('B28: a revocation while it runs', () => {
  it('stops every run within 5 s though all slots are taken, and refuses what comes next', async () => {
    const { name, agent: own } = await freshAgent()
    await field.approve(own, 'counter')
    const { operator } = field
    const jobs: Job[] = []
    for (let n = 0; n < 7; n += 1) {
      const input = { key: randomUUIDv7(), afterMs: 60_000 }
      const job = operator.job(own, { jobType: 'counter/add', input })
      jobs.push(job)
      await operator.submit(own, operator.sign(job))
    }
    await runs(name, 4)
    const before = Date.now()
    expect(await operator.revoke(own, { plugin: 'counter' })).toMatchObject({ state: 'done' })
    const answers = await Promise.all(jobs.map((job) => operator.answerTo(own, job.jobId)))
    expect(Date.now() - before).toBeLessThan(patient(5_000))
    const states = answers.map(({ state }) => state)
    expect(states.filter((state) => state === 'interrupted')).toHaveLength(4)
    const refused = answers.filter(({ refusal }) => refusal?.reason === 'revoked')
    expect(refused).toHaveLength(3)
    expect(await add(own)).toMatchObject({ refusal: { reason: 'revoked' } })
    expect(standing(name)).toMatchObject({ state: 'revoked' })

    await field.end(name)
    await field.startAgent(name)
    expect(await add(own)).toMatchObject({ refusal: { reason: 'revoked' } })
    await field.approve(own, 'counter')
    expect(await add(own)).toMatchObject({ state: 'done' })
  })

  it('cannot be undone by an approval that the hub held back', async () => {
    const { agent: own } = await freshAgent()
    const { operator } = field
    await field.approve(own, 'counter')
    const held = operator.approval(own, bundle)
    await operator.revoke(own, { digest: digestOf(bundle) })
    const signed = operator.signAny(documents.approval, held)
    const answer = await operator.answerTo(own, await operator.submit(own, signed))
    expect(answer).toMatchObject({ refusal: { reason: 'revoked' } })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'revoked' } })
  })

  it('counts however late it comes, and not when a stranger signed it', async () => {
    const { agent: own } = await freshAgent()
    const { operator } = field
    await field.approve(own, 'counter')
    const forged = operator.revocation(own, { plugin: 'counter' }, {}, operator.publisher)
    const answer = await operator.answerTo(own, await operator.submit(own, forged))
    expect(answer).toMatchObject({ refusal: { reason: 'unknown_key' } })
    const old = { issuedAt: instantOf(Date.now() - 500 * 1_440 * MINUTE) }
    expect(await operator.revoke(own, { plugin: 'counter' }, old)).toMatchObject({ state: 'done' })
    expect(await add(own)).toMatchObject({ state: 'done' })
    expect(await operator.revoke(own, { plugin: 'counter' })).toMatchObject({ state: 'done' })
    expect(await add(own)).toMatchObject({ refusal: { reason: 'revoked' } })
  })
})

describe('B30: an upgrade while a call runs', () => {
  it('leaves each call on exactly one version, and the next calls on the new one', async () => {
    const { agent: own } = await freshAgent()
    const { operator } = field
    await field.approve(own, 'counter', { version: '1.0.0' })
    const slow = operator.job(own, {
      jobType: 'counter/add',
      input: { key: randomUUIDv7(), afterMs: 3_000 },
    })
    await operator.submit(own, operator.sign(slow))
    const next = await buildBundle(COUNTER, '1.1.0')
    const calls = Array.from({ length: 12 }, async (_, n) => {
      await new Promise((done) => setTimeout(done, n * 60))
      return add(own)
    })
    expect(await operator.approve(own, next)).toMatchObject({ state: 'done' })
    expect((await add(own)).plugin).toMatchObject({ version: '1.1.0', digest: digestOf(next) })
    const slowly = await operator.answerTo(own, slow.jobId)
    expect(slowly).toMatchObject({ state: 'done', plugin: { version: '1.0.0' } })
    for (const answer of await Promise.all(calls)) {
      expect(answer.state).toBe('done')
      const { version, digest } = answer.plugin!
      expect([`1.0.0 ${digestOf(bundle)}`, `1.1.0 ${digestOf(next)}`]).toContain(
        `${version} ${digest}`,
      )
    }
  })
})

describe('a quarantine', () => {
  it('keeps a plugin that crashes again and again from starting, over a restart, until it is released', async () => {
    const { name, agent: own } = await freshAgent()
    const hostile = await field.approve(own, 'hostile')
    const exit = () => field.operator.run(own, { jobType: 'hostile/exit', input: { target: '' } })
    const until = Date.now() + patient(45_000)
    let last = await exit()
    while (last.state !== 'refused' && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 500))
      last = await exit()
    }
    expect(last).toMatchObject({ refusal: { reason: 'quarantined' } })
    await field.end(name)
    await field.startAgent(name)
    expect(await exit()).toMatchObject({ refusal: { reason: 'quarantined' } })
    expect(standing(name, 'hostile')).toMatchObject({ state: 'quarantined' })
    const plugin = { name: 'hostile', digest: digestOf(hostile) }
    const released = await field.operator.release(own, plugin)
    expect(released).toMatchObject({ state: 'done', output: { wasQuarantined: true } })
    expect(await exit()).toMatchObject({ state: 'failed' })
  })
})

/** Waits until so many runs of an agent are on record and not over. */
async function runs(name: string, count: number): Promise<void> {
  const database = new DatabaseSync(ownDatabase(name), { readOnly: true })
  const select = database.prepare("SELECT count(*) AS open FROM runs WHERE state = 'intent'")
  for (let tries = 0; tries < 1_000; tries += 1) {
    if ((select.get() as { open: number }).open >= count) break
    await new Promise((done) => setTimeout(done, 50))
  }
  database.close()
}
