// SPDX-License-Identifier: Apache-2.0
/** Vectors of the proofs of requests: texts that are read and texts that are not. */
import { accessTokenHash, makeDpopKey, signDpopProof } from '@sallyport/core/crypto'

const KEY = makeDpopKey(new Uint8Array(48).fill(7))
const TOKEN = 'a.b.c'
const MADE = { proofId: '0123456789abcdef', nowMs: Date.UTC(2026, 0, 31, 12) }
const REQUEST = {
  method: 'GET',
  url: 'https://hub.example/v1/mailbox',
  nonce: 'eyJhbGciOiJub25lIn0',
  token: TOKEN,
}

/** `dpop.json`. Signatures of ES256 are random: written once, then only verified. */
export async function dpopVectors(): Promise<object> {
  const proof = await signDpopProof(KEY, REQUEST, MADE)
  const [header = '', payload = '', signature = ''] = proof.split('.')
  const withHeader = (changes: object) =>
    `${encode({ alg: 'ES256', typ: 'dpop+jwt', jwk: KEY.publicJwk, ...changes })}.${payload}.${signature}`
  return {
    description:
      'Proofs of requests (RFC 9449). `accepted` is read as the members beside it; every text of `refused` is no proof.',
    thumbprint: KEY.thumbprint,
    token: TOKEN,
    tokenHash: accessTokenHash(TOKEN),
    accepted: [{ proof, ...REQUEST, proofId: MADE.proofId }],
    refused: [
      { why: 'another type', proof: withHeader({ typ: 'JWT' }) },
      { why: 'no algorithm', proof: `${encode({ alg: 'none', typ: 'dpop+jwt' })}.${payload}.` },
      {
        why: 'a private key',
        proof: withHeader({ jwk: { ...KEY.publicJwk, d: KEY.publicJwk.x } }),
      },
      { why: 'other claims', proof: `${header}.${encode({ htm: 'GET' })}.${signature}` },
      { why: 'no signature', proof: `${header}.${payload}.` },
      { why: 'padding', proof: `${proof}=` },
    ],
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
