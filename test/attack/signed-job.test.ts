// SPDX-License-Identifier: Apache-2.0
/** Attacks on signed jobs, against a running hub and a running agent. The ledger counts what really happened. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { openAgentAudit } from '@sallyport/agent'
import { auditOrigin, parseAuditEntry, verifyAuditLog } from '@sallyport/core/audit'
import { makeIdentity, seal, signDocument } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  encodeBase64url,
  encodeJson,
  instantOf,
  pae,
  parseJson,
  type Job,
  type Result,
} from '@sallyport/core/protocol'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'

const MINUTE = 60_000

/** What this suite has an agent refuse. */
const REASONS = [
  'bad_signature',
  'unknown_key',
  'wrong_audience',
  'not_a_reader',
  'unsealable',
  'unsupported_type',
  'expired',
  'from_future',
  'lifetime',
  'duplicate_key',
  'malformed',
  'too_large',
  'bad_input',
  'unknown_job_type',
  'replayed',
  'relabelled',
]
let field: Field
let pve1: KnownAgent
let pve2: KnownAgent

beforeAll(async () => {
  field = await Field.open()
  pve1 = await field.addAgent('pve1')
  pve2 = await field.addAgent('pve2')
  for (const agent of [pve1, pve2]) await field.approve(agent, 'counter')
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

/** A fresh key of the ledger. */
function freshKey(): string {
  return `k-${randomUUIDv7()}`.slice(0, 40)
}

async function countOf(key: string, agent = pve1): Promise<number> {
  return field.countOf(agent, key)
}

/** The next valid job runs: whatever came before did no harm. */
async function expectAlive(agent = pve1): Promise<void> {
  const key = freshKey()
  const result = await field.operator.run(agent, { jobType: 'counter/add', input: { key } })
  expect(result).toMatchObject({ state: 'done', output: { count: 1 } })
}

function adding(key: string, changes: Partial<Job> = {}, agent = pve1): Job {
  return field.operator.job(agent, { jobType: 'counter/add', input: { key }, ...changes })
}

/** Submits envelope bytes and returns why they were refused. */
async function reasonFor(
  envelope: Uint8Array,
  agent = pve1,
  envelopeId?: string,
): Promise<string | undefined> {
  const label = await field.operator.submit(agent, envelope, envelopeId)
  const result = await field.operator.answerTo(agent, label)
  return result.state === 'refused' ? result.refusal?.reason : result.state
}

/** Payload bytes that the codec would never write, signed by the operator all the same. */
function signRaw(payload: Uint8Array, payloadType = documents.job.payloadType): Uint8Array {
  const { signing } = field.operator.identity
  const sig = encodeBase64url(signing.sign(pae(payloadType, payload)))
  const signatures = [{ keyid: signing.keyId, sig }]
  return encodeJson({ payloadType, payload: encodeBase64url(payload), signatures })
}

function signText(job: Job, edit: (text: string) => string): Uint8Array {
  return signRaw(new TextEncoder().encode(edit(new TextDecoder().decode(encodeJson(job)))))
}

describe('a valid job', () => {
  it('runs once and its result is signed by the agent, with the count of checks', async () => {
    const key = freshKey()
    const result = await field.operator.run(pve1, { jobType: 'counter/add', input: { key } })
    expect(result).toMatchObject({ state: 'done', output: { count: 1 }, checksPassedCount: 13 })
    expect(await countOf(key)).toBe(1)
  })
})

describe('forged and altered jobs', () => {
  it.each(['payload', 'sig'])('refuses bytes flipped in the %s', async (where) => {
    const key = freshKey()
    const envelope = parseJson(field.operator.sign(adding(key)), 200_000) as {
      payload: string
      signatures: { sig: string }[]
    }
    const target = where === 'payload' ? envelope : envelope.signatures[0]!
    const bytes = Buffer.from((target as Record<string, string>)[where]!, 'base64url')
    bytes[10]! ^= 1
    Object.assign(target, { [where]: bytes.toString('base64url') })
    expect(await reasonFor(encodeJson(envelope))).toBe('bad_signature')
    expect(await countOf(key)).toBe(0)
    await expectAlive()
  })

  it('refuses a stranger’s key', async () => {
    const key = freshKey()
    const stranger = makeIdentity('stranger', randomBytes(64))
    expect(await reasonFor(field.operator.sign(adding(key), stranger))).toBe('unknown_key')
    expect(await countOf(key)).toBe(0)
  })

  it('refuses the right key in another role: a job signed as an approval', async () => {
    const key = freshKey()
    const payload = encodeJson(adding(key))
    expect(await reasonFor(signRaw(payload, documents.approval.payloadType))).toBe('malformed')
    const asResult = signRaw(payload, documents.result.payloadType)
    expect(await reasonFor(asResult, pve1, randomUUIDv7())).toBe('unsupported_type')
    expect(await countOf(key)).toBe(0)
  })

  it('refuses another agent’s job, and the other agent still runs it once', async () => {
    const key = freshKey()
    const job = adding(key, { readers: [pve1.sealingKey, pve2.sealingKey] }, pve2)
    const envelope = field.operator.sign(job)
    expect(await reasonFor(envelope, pve1, randomUUIDv7())).toBe('wrong_audience')
    const label = await field.operator.submit(pve2, envelope, job.jobId)
    expect(await field.operator.answerTo(pve2, label)).toMatchObject({ state: 'done' })
    expect([await countOf(key, pve1), await countOf(key, pve2)]).toEqual([0, 1])
  })

  it('refuses a job that somebody sealed anew for an agent it does not name', async () => {
    const key = freshKey()
    const job = adding(key, { readers: [pve2.sealingKey] })
    expect(await reasonFor(field.operator.sign(job))).toBe('not_a_reader')
    expect(await countOf(key)).toBe(0)
  })

  it('refuses what is sealed to somebody else', async () => {
    const envelopeId = randomUUIDv7()
    const sealed = await seal(field.operator.sign(adding(freshKey())), [pve2.sealingKey])
    const expiresAt = instantOf(Date.now() + MINUTE)
    await field.operator.hub.submitEnvelope({
      envelopeId,
      agentId: pve1.agentId,
      sealed,
      expiresAt,
    })
    const result = await field.operator.answerTo(pve1, envelopeId)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'unsealable' } })
  })
})

describe('validity', () => {
  const at = (issuedMs: number, endsMs: number): Partial<Job> => ({
    issuedAt: instantOf(Date.now() + issuedMs),
    notBefore: instantOf(Date.now() + issuedMs),
    expiresAt: instantOf(Date.now() + endsMs),
  })

  it.each([
    ['expired', -10 * MINUTE, -MINUTE, 'expired'],
    ['from the future', 5 * MINUTE, 10 * MINUTE, 'from_future'],
    ['valid for ten years', 0, 10 * 365 * 1_440 * MINUTE, 'lifetime'],
  ])('refuses a job that is %s', async (_what, issuedMs, endsMs, reason) => {
    const key = freshKey()
    expect(await reasonFor(field.operator.sign(adding(key, at(issuedMs, endsMs))))).toBe(reason)
    expect(await countOf(key)).toBe(0)
    await expectAlive()
  })
})

describe('malformed jobs', () => {
  it('refuses a member named twice, whichever value would win', async () => {
    const [first, second] = [freshKey(), freshKey()]
    const bytes = signText(adding(first), (text) =>
      text.replace(`"key":"${first}"`, `"key":"${first}","key":"${second}"`),
    )
    expect(await reasonFor(bytes)).toBe('duplicate_key')
    expect([await countOf(first), await countOf(second)]).toEqual([0, 0])
  })

  it.each([
    ['an unknown field of the document', { crit: ['x'] }],
    ['a version field', { version: 2 }],
  ])('refuses %s', async (_what, extra) => {
    const key = freshKey()
    expect(await reasonFor(signRaw(encodeJson({ ...adding(key), ...extra })))).toBe('malformed')
    expect(await countOf(key)).toBe(0)
  })

  it('refuses an unknown field of the input', async () => {
    const key = freshKey()
    const job = adding(key, { input: { key, shell: 'id' } })
    expect(await reasonFor(field.operator.sign(job))).toBe('bad_input')
    expect(await countOf(key)).toBe(0)
  })

  it('refuses a parameter of a megabyte at the hub and, a smaller one, at the agent', async () => {
    const huge = signRaw(encodeJson(adding(freshKey(), { input: { key: 'x'.repeat(1_000_000) } })))
    await expect(field.operator.submit(pve1, huge)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_HUB_/),
    })
    const large = signRaw(encodeJson(adding(freshKey(), { input: { key: 'x'.repeat(116_000) } })))
    expect(await reasonFor(large)).toBe('too_large')
    await expectAlive()
  })
})

describe('replay', () => {
  it('gives one effect to a job delivered a hundred times at once, under as many labels', async () => {
    const key = freshKey()
    const job = adding(key)
    const envelope = field.operator.sign(job)
    const labels = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        field.operator.submit(pve1, envelope, index === 50 ? job.jobId : randomUUIDv7()),
      ),
    )
    const results: Result[] = []
    for (const label of labels) results.push(await field.operator.answerTo(pve1, label, 60_000))
    expect(results.filter((result) => result.state === 'done')).toHaveLength(1)
    const reasons = results.map((result) => result.refusal?.reason)
    const refused = reasons.filter((reason) => reason === 'replayed' || reason === 'relabelled')
    expect(refused).toHaveLength(99)
    expect(await reasonFor(envelope, pve1, randomUUIDv7())).toBe('replayed')
    expect(await countOf(key)).toBe(1)
  })

  it('gives no effect to a job whose own label was used up on rubbish', async () => {
    const key = freshKey()
    const job = adding(key)
    const rubbish = await reasonFor(encodeJson({ not: 'an envelope' }), pve1, job.jobId)
    expect(rubbish).toBe('malformed')
    expect(await reasonFor(field.operator.sign(job), pve1, randomUUIDv7())).toBe('relabelled')
    expect(await countOf(key)).toBe(0)
  })

  it('gives no second effect after the agent was killed and started again', async () => {
    const key = freshKey()
    const job = adding(key)
    const envelope = field.operator.sign(job)
    const label = await field.operator.submit(pve1, envelope, job.jobId)
    expect(await field.operator.answerTo(pve1, label)).toMatchObject({ state: 'done' })
    await field.end('pve1', 'SIGKILL')
    await field.startAgent('pve1')
    expect(await reasonFor(envelope, pve1, randomUUIDv7())).toBe('replayed')
    expect(await countOf(key)).toBe(1)
  })

  it('spends the id of a refused job', async () => {
    const key = freshKey()
    const job = adding(key, { jobType: 'counter/subtract' })
    expect(await reasonFor(field.operator.sign(job))).toBe('unknown_job_type')
    const again = signDocument(
      documents.job,
      { ...job, jobType: 'counter/add' },
      field.operator.identity.signing,
    )
    expect(await reasonFor(again, pve1, randomUUIDv7())).toBe('replayed')
    expect(await countOf(key)).toBe(0)
  })
})

describe('the audit log of the agent', () => {
  it('has every refusal with its reason, and verifies', async () => {
    await field.end('pve1')
    using audit = openAgentAudit(field.stateDir('pve1'))
    const entries = [...audit.reader.read(0, 10_000)].map((row) => parseAuditEntry(row.bytes))
    const reasons = new Set(entries.map((entry) => entry.details['reason']))
    for (const reason of REASONS) expect(reasons).toContain(reason)
    const publicKey = decodeBase64url(pve1.signingKey)
    expect(verifyAuditLog(audit.reader, auditOrigin(pve1.agentId), publicKey)).toMatchObject({
      ok: true,
      size: entries.length,
    })
  })
})
