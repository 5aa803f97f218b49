// SPDX-License-Identifier: Apache-2.0
/** Admission, check by check: what passes, what is refused and why, and what an unreadable store does. */
import { describe, expect, it } from '@jest/globals'
import { admit, type AdmissionPorts } from '../../src/admission/index.ts'
import { digestOf, makeBundle } from '../../src/crypto/index.ts'
import {
  documents,
  encodeBase64url,
  encodeJson,
  instantOf,
  pae,
  parseJson,
} from '../../src/protocol/index.ts'
import {
  broken,
  bundle,
  labelOf,
  makeJob,
  makePorts,
  manifest,
  MINUTE,
  NOW,
  operator,
  OTHER_ID,
  publisher,
  sealingKeyOf,
  signApproval,
  signJob,
  stranger,
} from '../support/site.ts'

/** The label of an honest delivery; any label for bytes that have none. */
function labelIn(bytes: Uint8Array): string {
  try {
    return labelOf(bytes)
  } catch {
    return OTHER_ID
  }
}

function admitHonestly(bytes: Uint8Array) {
  return admit({ envelopeId: labelIn(bytes), bytes }, makePorts())
}

function reasonOf(bytes: Uint8Array, changes: Partial<AdmissionPorts> = {}): string {
  const decision = admit({ envelopeId: labelIn(bytes), bytes }, makePorts(changes))
  return decision.admitted ? 'admitted' : decision.refusal.reason
}

/** Signs payload bytes that the codec itself would never write. */
function signRaw(payload: Uint8Array, payloadType = documents.job.payloadType): Uint8Array {
  const sig = encodeBase64url(operator.signing.sign(pae(payloadType, payload)))
  const signatures = [{ keyid: operator.signing.keyId, sig }]
  return encodeJson({ payloadType, payload: encodeBase64url(payload), signatures })
}

function signText(edit: (text: string) => string): Uint8Array {
  const text = new TextDecoder().decode(encodeJson(makeJob()))
  return signRaw(new TextEncoder().encode(edit(text)))
}

function editEnvelope(edit: (envelope: Record<string, unknown>) => void): Uint8Array {
  const envelope = parseJson(signJob(), 100_000) as Record<string, unknown>
  edit(envelope)
  return encodeJson(envelope)
}

describe('admission', () => {
  it('admits a job that is right in everything and hands on what was signed', () => {
    const decision = admitHonestly(signJob({ input: { vmid: 101 } }))
    expect(decision).toMatchObject({
      admitted: true,
      jobName: 'read',
      checksPassedCount: 13,
      authentic: { job: { input: { vmid: 101 } }, signer: { role: 'operator', name: 'ops-1' } },
      plugin: { name: 'sensors', digest: digestOf(bundle) },
    })
  })

  it('tells who a refused job was from only once its signature holds', () => {
    const unsigned = admitHonestly(signJob({}, stranger))
    const expired = admitHonestly(signJob({ siteId: OTHER_ID }))
    expect(unsigned).not.toHaveProperty('authentic')
    expect(expired).toHaveProperty('authentic')
  })
})

describe('form', () => {
  it.each([
    ['no bytes', new Uint8Array()],
    ['not JSON', new TextEncoder().encode('hello')],
    ['an unknown field', editEnvelope((envelope) => Object.assign(envelope, { alg: 'none' }))],
    ['no signature', editEnvelope((envelope) => Object.assign(envelope, { signatures: [] }))],
    [
      'padded base64',
      editEnvelope((e) => Object.assign(e, { payload: `${String(e['payload'])}=` })),
    ],
  ])('refuses an envelope with %s as malformed', (_what, bytes) => {
    expect(reasonOf(bytes)).toBe('malformed')
  })

  it('refuses an envelope larger than any job', () => {
    expect(reasonOf(new Uint8Array(300_000).fill(0x20))).toBe('too_large')
  })

  it('refuses signed bytes that name a member twice, whichever value a reader would take', () => {
    const bytes = signText((text) => text.replace('"input":{}', '"input":{"vmid":101,"vmid":102}'))
    expect(reasonOf(bytes)).toBe('duplicate_key')
  })

  it.each([
    ['an unknown field', (text: string) => text.replace('{', '{"crit":[],')],
    ['a missing field', (text: string) => text.replace(/"jobType":"[^"]+",/, '')],
    ['a field of null', (text: string) => text.replace(/"jobType":"[^"]+"/, '"jobType":null')],
    ['an id that is no UUIDv7', (text: string) => text.replace(/-7000-/, '-4000-')],
    [
      'an instant that does not exist',
      (t: string) => t.replace(/2026-03-01T12:00/, '2026-02-30T12:00'),
    ],
    [
      'a number in another spelling',
      (t: string) => t.replace('"input":{}', '"input":{"vmid":1e2}'),
    ],
    [
      'a member named __proto__',
      (t: string) => t.replace('"input":{}', '"input":{"__proto__":{}}'),
    ],
  ])('refuses signed bytes with %s', (_what, edit) => {
    expect(reasonOf(signText(edit))).toBe('malformed')
  })
})

describe('signature and role', () => {
  it('refuses every flipped bit of the payload', () => {
    const payload = encodeJson(makeJob())
    const sig = encodeBase64url(operator.signing.sign(pae(documents.job.payloadType, payload)))
    for (let bit = 0; bit < payload.length * 8; bit += 37) {
      const flipped = payload.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const envelope = {
        payloadType: documents.job.payloadType,
        payload: encodeBase64url(flipped),
        signatures: [{ keyid: operator.signing.keyId, sig }],
      }
      expect(reasonOf(encodeJson(envelope))).toBe('bad_signature')
    }
  })

  it('refuses a key it does not know, also under the id of one it knows', () => {
    expect(reasonOf(signJob({}, stranger))).toBe('unknown_key')
    const payload = encodeJson(makeJob())
    const sig = encodeBase64url(stranger.signing.sign(pae(documents.job.payloadType, payload)))
    const envelope = {
      payloadType: documents.job.payloadType,
      payload: encodeBase64url(payload),
      signatures: [{ keyid: operator.signing.keyId, sig }],
    }
    expect(reasonOf(encodeJson(envelope))).toBe('bad_signature')
  })

  it('refuses the right key in the wrong role', () => {
    expect(reasonOf(signJob({}, publisher))).toBe('wrong_role')
  })

  it('refuses a job signed as another kind of document', () => {
    const bytes = signRaw(encodeJson(makeJob()), documents.approval.payloadType)
    expect(reasonOf(bytes)).toBe('unsupported_type')
  })
})

describe('address', () => {
  it('refuses a job for another site or another agent', () => {
    expect(reasonOf(signJob({ siteId: OTHER_ID }))).toBe('wrong_audience')
    expect(reasonOf(signJob({ agentId: OTHER_ID }))).toBe('wrong_audience')
  })

  it('refuses a job that was sealed anew for a reader it does not name', () => {
    expect(reasonOf(signJob({ readers: [sealingKeyOf(operator)] }))).toBe('not_a_reader')
  })
})

describe('validity window', () => {
  const window = (issued: number, begins: number, ends: number): Uint8Array =>
    signJob({
      issuedAt: instantOf(NOW + issued),
      notBefore: instantOf(NOW + begins),
      expiresAt: instantOf(NOW + ends),
    })
  const DAY = 1_440 * MINUTE

  it.each([
    ['at its last instant with the accepted skew', -MINUTE, -MINUTE, -30_000, 'admitted'],
    ['one millisecond later', -MINUTE, -MINUTE, -30_001, 'expired'],
    ['a skew early', 30_000, 30_000, MINUTE, 'admitted'],
    ['more than a skew early', 30_001, 30_001, MINUTE, 'from_future'],
    ['valid for exactly a day', 0, 0, DAY, 'admitted'],
    ['valid for longer than a day', 0, 0, DAY + 1, 'lifetime'],
    ['valid for ten years', 0, 0, 3_650 * DAY, 'lifetime'],
    ['ending before it begins', 0, MINUTE, 0, 'malformed'],
    ['beginning before it was issued', 0, -MINUTE, MINUTE, 'malformed'],
  ])('judges a job %s', (_what, issued, begins, ends, reason) => {
    expect(reasonOf(window(issued, begins, ends))).toBe(reason)
  })

  it('goes by the highest time ever shown when the clock stands a little before it', () => {
    const clock = { now: () => NOW - MINUTE, highest: () => NOW }
    expect(reasonOf(window(-MINUTE, -MINUTE, -30_001), { clock })).toBe('expired')
  })

  it('trusts no clock that stands far before it, or that is none', () => {
    const back = { now: () => NOW - 3 * MINUTE, highest: () => NOW }
    const none = { now: () => Number.NaN, highest: () => NOW }
    expect(reasonOf(signJob(), { clock: back })).toBe('clock_untrusted')
    expect(reasonOf(signJob(), { clock: none })).toBe('clock_untrusted')
  })

  it('refuses when the highest time cannot be read', () => {
    expect(reasonOf(signJob(), { clock: { now: () => NOW, highest: broken } })).toBe(
      'store_unavailable',
    )
  })
})

describe('replay', () => {
  it('refuses a job id it has seen', () => {
    expect(reasonOf(signJob(), { replay: { has: () => true } })).toBe('replayed')
  })

  it('refuses a job under a label that is not its id, new as it may be', () => {
    const decision = admit({ envelopeId: OTHER_ID, bytes: signJob() }, makePorts())
    expect(decision).toRefuse('relabelled')
  })

  it('refuses when it cannot tell', () => {
    expect(reasonOf(signJob(), { replay: { has: broken } })).toBe('store_unavailable')
  })
})

describe('approval and digest', () => {
  const holding = (approval: Uint8Array, bytes: Uint8Array | undefined = bundle) => ({
    approvals: { find: () => ({ approval, bundle: bytes }) },
  })

  it('refuses a plugin nobody approved', () => {
    expect(reasonOf(signJob({ jobType: 'docker/list' }))).toBe('not_approved')
  })

  it.each([
    ['signed by a stranger', signApproval({}, stranger)],
    ['signed by a publisher', signApproval({}, publisher)],
    ['for another agent', signApproval({ agentIds: [OTHER_ID] })],
    ['that has expired', signApproval({ expiresAt: instantOf(NOW - MINUTE / 2 - 1) })],
    ['that is not JSON', new TextEncoder().encode('x')],
    ['that would last for ever', signApproval({ expiresAt: '2036-01-01T00:00:00.000Z' })],
    [
      'of another plugin',
      signApproval({ plugin: { name: 'docker', version: '1.0.0', digest: digestOf(bundle) } }),
    ],
  ])('refuses an approval %s', (_what, approval) => {
    expect(reasonOf(signJob(), holding(approval))).toBe('not_approved')
  })

  it('refuses a bundle with one flipped byte, and no bundle', () => {
    const flipped = bundle.slice()
    flipped[200]! ^= 1
    expect(reasonOf(signJob(), holding(signApproval(), flipped))).toBe('digest_mismatch')
    const none = { approvals: { find: () => ({ approval: signApproval(), bundle: undefined }) } }
    expect(reasonOf(signJob(), none)).toBe('digest_mismatch')
  })

  it('refuses approved bytes that are no bundle, or the bundle of another plugin', () => {
    const approving = (bytes: Uint8Array) =>
      holding(
        signApproval({ plugin: { name: 'sensors', version: '1.0.0', digest: digestOf(bytes) } }),
        bytes,
      )
    const other = makeBundle(
      { ...manifest, version: '2.0.0' },
      { 'plugin.mjs': 'x', 'licenses.txt': 'x' },
    )
    expect(reasonOf(signJob(), approving(new TextEncoder().encode('{}')))).toBe('digest_mismatch')
    expect(reasonOf(signJob(), approving(other))).toBe('digest_mismatch')
  })

  it('refuses when approvals cannot be read', () => {
    expect(reasonOf(signJob(), { approvals: { find: broken } })).toBe('store_unavailable')
  })
})

describe('job type and input', () => {
  it('refuses a job type the plugin does not have, also one every object has', () => {
    expect(reasonOf(signJob({ jobType: 'sensors/write' }))).toBe('unknown_job_type')
    expect(reasonOf(signJob({ jobType: 'sensors/constructor' }))).toBe('unknown_job_type')
  })

  it.each([
    ['an unknown field', { shell: 'x' }],
    ['text for a number', { vmid: '101' }],
    ['a fraction', { vmid: 101.5 }],
    ['a negative number', { vmid: -1 }],
    ['true for a number', { vmid: true }],
    ['a list', { vmid: [101] }],
  ])('refuses an input with %s and never coerces it', (_what, input) => {
    expect(reasonOf(signJob({ input }))).toBe('bad_input')
  })

  it('says where the input does not fit', () => {
    const decision = admitHonestly(signJob({ input: { vmid: 'x' } }))
    expect(decision).toMatchObject({
      refusal: { details: { problems: [expect.stringContaining('vmid')] } },
    })
  })
})

describe('rate', () => {
  it('admits up to the limit of the job type in the last minute, and no more', () => {
    const since: number[] = []
    const counting = (count: number) => ({
      rate: { admittedSince: (_type: string, ms: number) => (since.push(ms), count) },
    })
    expect(reasonOf(signJob(), counting(1))).toBe('admitted')
    expect(reasonOf(signJob(), counting(2))).toBe('rate_limited')
    expect(since).toEqual([NOW - MINUTE, NOW - MINUTE])
  })

  it('refuses when it cannot count', () => {
    expect(reasonOf(signJob(), { rate: { admittedSince: broken } })).toBe('store_unavailable')
  })
})
