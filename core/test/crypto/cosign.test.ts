// SPDX-License-Identifier: Apache-2.0
/** Several signatures over one payload: what is put together counts, and nothing else gets in. */
import { describe, expect, it } from '@jest/globals'
import {
  addSignature,
  makeSigningKey,
  makeTrustStore,
  makeTrustedKey,
  mergeSignatures,
  signDocument,
  verifyEnvelope,
} from '@sallyport/core/crypto'
import { MAX_SIGNATURES, documents, parseEnvelope, type Envelope } from '@sallyport/core/protocol'
import { job } from '../protocol/sample-documents.ts'

const keyOf = (byte: number) => makeSigningKey(new Uint8Array(32).fill(byte))
const ann = keyOf(1)
const ben = keyOf(2)
const customer = keyOf(3)
const agent = keyOf(4)
const stranger = keyOf(5)
const annsSecond = keyOf(6)
const crowd = Array.from({ length: 12 }, (_, at) => keyOf(20 + at))
const trust = makeTrustStore(job.siteId, [
  makeTrustedKey('operator', 'ann', ann.publicKey),
  makeTrustedKey('operator', 'ann', annsSecond.publicKey),
  makeTrustedKey('operator', 'ben', ben.publicKey),
  makeTrustedKey('customer', 'shop', customer.publicKey),
  makeTrustedKey('agent', 'pve1', agent.publicKey),
  ...crowd.map((key, at) => makeTrustedKey('operator', `op-${at}`, key.publicKey)),
])
const by = { kind: documents.job, trust }

const read = (bytes: Uint8Array): Envelope => parseEnvelope(bytes, 200_000)
const signedBy = (key: typeof ann, document = job): Envelope =>
  read(signDocument(documents.job, document, key))

function namesIn(envelope: Envelope): string[] {
  const verified = verifyEnvelope(envelope, documents.job, trust)
  return verified.ok ? verified.signers.map(({ name }) => name) : []
}

describe('addSignature', () => {
  it('signs the very bytes that are there and leaves the others beside it', () => {
    const first = signedBy(ann)
    const both = read(addSignature(first, ben))
    expect(both.payload).toEqual(first.payload)
    expect(namesIn(both)).toEqual(['ann', 'ben'])
  })

  it('of a key that has signed changes nothing but its place', () => {
    const twice = read(addSignature(read(addSignature(signedBy(ann), ben)), ann))
    expect(namesIn(twice)).toEqual(['ben', 'ann'])
  })

  it('has room for as many as an envelope carries', () => {
    const full = crowd
      .slice(0, MAX_SIGNATURES)
      .reduce((envelope, key) => read(addSignature(envelope, key)), {
        ...signedBy(crowd[0]!),
      })
    expect(full.signatures).toHaveLength(MAX_SIGNATURES)
    expect(() => addSignature(full, ann)).toThrowCode('ERR_ENVELOPE_FORM')
  })
})

describe('mergeSignatures', () => {
  it('puts what several people signed by themselves into one envelope', () => {
    const merged = mergeSignatures(signedBy(ann), [signedBy(ben), signedBy(customer)], by)!
    expect(merged.signers.map(({ name }) => name)).toEqual(['ann', 'ben', 'shop'])
    expect(namesIn(read(merged.envelope))).toEqual(['ann', 'ben', 'shop'])
  })

  it('leaves out what is over other bytes', () => {
    const other = signedBy(ben, { ...job, jobType: 'sensors/other' })
    const merged = mergeSignatures(signedBy(ann), [other], by)!
    expect(merged.signers.map(({ name }) => name)).toEqual(['ann'])
  })

  it('leaves out what is said to be of another kind', () => {
    const renamed = { ...signedBy(ben), payloadType: documents.approval.payloadType }
    const merged = mergeSignatures(signedBy(ann), [renamed], by)!
    expect(merged.signers.map(({ name }) => name)).toEqual(['ann'])
  })

  it('leaves out keys that nobody knows, keys of another role, and what does not hold', () => {
    const borrowed = {
      ...signedBy(stranger),
      signatures: [{ keyId: ben.keyId, signature: signedBy(stranger).signatures[0]!.signature }],
    }
    const others = [signedBy(stranger), signedBy(agent), borrowed]
    const merged = mergeSignatures(signedBy(ann), others, by)!
    expect(read(merged.envelope).signatures.map(({ keyId }) => keyId)).toEqual([ann.keyId])
  })

  it('takes each holder once, so that two keys of one do not fill the room', () => {
    const merged = mergeSignatures(signedBy(ann), [signedBy(annsSecond), signedBy(ben)], by)!
    expect(merged.signers.map(({ name }) => name)).toEqual(['ann', 'ben'])
  })

  it('takes as many as an envelope carries, those that came first', () => {
    const merged = mergeSignatures(
      signedBy(crowd[0]!),
      crowd.slice(1).map((key) => signedBy(key)),
      by,
    )!
    expect(merged.signers).toHaveLength(MAX_SIGNATURES)
    expect(read(merged.envelope).signatures[0]!.keyId).toBe(crowd[0]!.keyId)
  })

  it('makes nothing where no signature holds', () => {
    expect(mergeSignatures(signedBy(stranger), [], by)).toBeUndefined()
  })
})
