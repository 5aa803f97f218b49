// SPDX-License-Identifier: Apache-2.0
/** Signed documents: whose signature counts, and why another does not. */
import { describe, expect, it } from '@jest/globals'
import {
  digestOf,
  makeSigningKey,
  makeTrustStore,
  makeTrustedKey,
  signDocument,
  verifyEnvelope,
} from '@sallyport/core/crypto'
import {
  documents,
  encodeDocument,
  pae,
  parseDocument,
  parseEnvelope,
  type Envelope,
} from '@sallyport/core/protocol'
import fc from 'fast-check'
import { job, samples } from '../protocol/sample-documents.ts'

const signingKey = (byte: number) => makeSigningKey(new Uint8Array(32).fill(byte))
const operator = signingKey(1)
const second = signingKey(2)
const agent = signingKey(3)
const stranger = signingKey(4)
const trust = makeTrustStore(job.siteId, [
  makeTrustedKey('operator', 'ann', operator.publicKey),
  makeTrustedKey('operator', 'ben', second.publicKey),
  makeTrustedKey('agent', 'pve1', agent.publicKey),
])
const kinds = [documents.job, documents.approval]
const payload = encodeDocument(documents.job, job)

/** An envelope with any signatures: [named key, key that really signs]. */
function envelopeOf(...signers: [{ keyId: string }, typeof operator][]): Envelope {
  const { payloadType } = documents.job
  const signatures = signers.map(([{ keyId }, key]) => ({
    keyId,
    signature: key.sign(pae(payloadType, payload)),
  }))
  return { payloadType, payload, signatures }
}

describe('signDocument', () => {
  it('makes an envelope that is verified and read back', () => {
    const envelope = parseEnvelope(signDocument(documents.job, job, operator), 65_536)
    const verification = verifyEnvelope(envelope, kinds, trust)
    expect(verification).toMatchObject({
      ok: true,
      kind: documents.job,
      payload,
      digest: digestOf(payload),
      signer: trust.find(operator.keyId),
    })
    expect(parseDocument(documents.job, envelope.payload)).toEqual(job)
  })

  it('does not sign what its reader would refuse', () => {
    const invalid = { ...job, agentId: 'pve1' }
    expect(() => signDocument(documents.job, invalid, operator)).toThrowCode('ERR_DOCUMENT_FORM')
  })
})

describe('verifyEnvelope', () => {
  it('takes one kind as well as a list of kinds', () => {
    expect(verifyEnvelope(envelopeOf([operator, operator]), documents.job, trust).ok).toBe(true)
    expect(verifyEnvelope(envelopeOf([operator, operator]), [documents.approval], trust)).toRefuse(
      'unsupported_type',
    )
  })

  it.each([
    '',
    'job',
    '__proto__',
    'application/vnd.sallyport.job.v2+json',
    'application/vnd.in-toto+json',
  ])('refuses the payload type %j', (payloadType) => {
    const envelope = { ...envelopeOf([operator, operator]), payloadType }
    expect(verifyEnvelope(envelope, kinds, trust)).toRefuse('unsupported_type')
  })

  it('refuses a key that the trust store does not hold', () => {
    expect(verifyEnvelope(envelopeOf([stranger, stranger]), kinds, trust)).toRefuse('unknown_key')
  })

  it("refuses a stranger's signature under the id of a known key", () => {
    expect(verifyEnvelope(envelopeOf([operator, stranger]), kinds, trust)).toRefuse('bad_signature')
  })

  it('refuses a valid signature by a key of another role, and says whose', () => {
    const verification = verifyEnvelope(envelopeOf([agent, agent]), kinds, trust)
    expect(verification).toRefuse('wrong_role')
    expect(verification).toMatchObject({ refusal: { details: { roles: ['agent'], kind: 'job' } } })
  })

  it('does not let a signature in another role lend its validity', () => {
    expect(verifyEnvelope(envelopeOf([operator, agent], [agent, agent]), kinds, trust)).toRefuse(
      'bad_signature',
    )
  })

  it('passes over strangers beside a signature that counts', () => {
    const verification = verifyEnvelope(
      envelopeOf([stranger, stranger], [agent, agent], [second, second]),
      kinds,
      trust,
    )
    expect(verification).toMatchObject({ ok: true, signer: { name: 'ben' } })
  })

  it('passes over a broken signature beside one that counts', () => {
    const verification = verifyEnvelope(
      envelopeOf([operator, stranger], [second, second]),
      kinds,
      trust,
    )
    expect(verification).toMatchObject({ ok: true, signer: { name: 'ben' } })
  })

  it('refuses an envelope without signatures', () => {
    expect(verifyEnvelope(envelopeOf(), kinds, trust)).toRefuse('unknown_key')
  })

  it('refuses every flipped bit of the payload', () => {
    const envelope = envelopeOf([operator, operator])
    for (let bit = 0; bit < payload.length * 8; bit += 7) {
      const flipped = Uint8Array.from(payload)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(verifyEnvelope({ ...envelope, payload: flipped }, kinds, trust)).toRefuse(
        'bad_signature',
      )
    }
  })

  it('refuses a signature made for another type over the same bytes', () => {
    const signature = operator.sign(pae(documents.approval.payloadType, payload))
    const envelope = { ...envelopeOf(), signatures: [{ keyId: operator.keyId, signature }] }
    expect(verifyEnvelope(envelope, kinds, trust)).toRefuse('bad_signature')
  })

  it('refuses a signature over the bare payload', () => {
    const envelope = {
      ...envelopeOf(),
      signatures: [{ keyId: operator.keyId, signature: operator.sign(payload) }],
    }
    expect(verifyEnvelope(envelope, kinds, trust)).toRefuse('bad_signature')
  })

  it('takes each kind from the roles it names, and from no other', () => {
    for (const name of [
      'job',
      'result',
      'approval',
      'enrolment',
      'agentDescriptor',
      'sessionProof',
    ] as const) {
      const kind = documents[name]
      for (const [role, key] of [
        ['operator', operator],
        ['agent', agent],
      ] as const) {
        const bytes = signDocument(kind as typeof documents.job, samples[name] as typeof job, key)
        const { ok } = verifyEnvelope(
          parseEnvelope(bytes, 4_194_304),
          Object.values(documents),
          trust,
        )
        expect([name, role, ok]).toEqual([
          name,
          role,
          (kind.roles as readonly string[]).includes(role),
        ])
      }
    }
  })

  it('decides by the signed bytes alone: any change of an envelope is refused or means the same', () => {
    const bytes = signDocument(documents.job, job, operator)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Uint8Array.from(bytes)
        changed[at]! ^= mask
        let envelope: Envelope
        try {
          envelope = parseEnvelope(changed, 65_536)
        } catch {
          return
        }
        expect(verifyEnvelope(envelope, kinds, trust).ok).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})
