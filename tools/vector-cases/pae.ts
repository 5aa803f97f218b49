// SPDX-License-Identifier: Apache-2.0
/** Vectors of the bytes that are signed. */
import { encodeBase64url, pae } from '@sallyport/core/protocol'
import { utf8 } from './parties.ts'

const CASES: readonly [string, string, Uint8Array][] = [
  ['the example of the DSSE specification', 'http://example.com/HelloWorld', utf8('hello world')],
  ['empty payload', 'a', new Uint8Array(0)],
  ['empty type', '', utf8('a')],
  ['lengths count bytes', 'é', utf8('é😀')],
  [
    'every byte value',
    'application/octet-stream',
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  ],
  ['a payload that looks like an encoding', 'a', utf8('DSSEv1 1 a 0 ')],
]

/** `pae.json`. */
export function paeVectors(): object {
  return {
    description: 'Pre-authentication encoding, DSSE v1. `payload` and `pae` are base64url.',
    cases: CASES.map(([name, payloadType, payload]) => ({
      name,
      payloadType,
      payload: encodeBase64url(payload),
      pae: encodeBase64url(pae(payloadType, payload)),
    })),
  }
}
