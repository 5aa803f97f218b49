// SPDX-License-Identifier: Apache-2.0
/** Vectors of public keys: their ids, and the keys that nobody may take. */
import { shortKeyId } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { agent, describeParty, operator, secondOperator, stranger } from './parties.ts'

type Use = 'signing' | 'sealing'

/** The prime of the field. Source: RFC 7748, section 4.1. */
const P = 2n ** 255n - 19n
const HIGH_BIT = 2n ** 255n

/** y of the points of order 8, the one u of order 8 and its inverse; the rest are small numbers around 0 and P. */
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
const ORDER_8_U = [
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
]

const WEAK: readonly [Use, string, bigint][] = [
  ['signing', 'order 1', 1n],
  ['signing', 'order 2', P - 1n],
  ['signing', 'order 4', 0n],
  ['signing', 'order 4, the other x', HIGH_BIT],
  ['signing', 'order 8', ORDER_8_Y],
  ['signing', 'order 8, the other x', ORDER_8_Y + HIGH_BIT],
  ['signing', 'order 8, the other y', P - ORDER_8_Y],
  ['signing', 'order 8, the other y and x', P - ORDER_8_Y + HIGH_BIT],
  ['sealing', 'order 1 or 2', 0n],
  ['sealing', 'order 4', 1n],
  ['sealing', 'order 4 on the twist', P - 1n],
  ['sealing', 'order 8', ORDER_8_U[0]!],
  ['sealing', 'order 8, the other', ORDER_8_U[1]!],
]

const MALFORMED: readonly [Use, string, bigint][] = [
  ['signing', 'y that no point has', 2n],
  ['signing', 'y = P, a second spelling of 0', P],
  ['signing', 'y = P + 1, a second spelling of 1', P + 1n],
  ['signing', 'y = P + 18, the largest', P + 18n],
  ['signing', 'x = -0 with y = 1', 1n + HIGH_BIT],
  ['signing', 'x = -0 with y = -1', P - 1n + HIGH_BIT],
  ['sealing', 'u = P, a second spelling of 0', P],
  ['sealing', 'u = P + 9, a second spelling of the base point', P + 9n],
  ['sealing', 'the base point with the highest bit', 9n + HIGH_BIT],
  ['sealing', 'a point of the twist', 2n],
]

const OTHER_SIZES: readonly [string, string][] = [
  ['31 bytes', encodeBase64url(new Uint8Array(31).fill(9))],
  ['33 bytes', encodeBase64url(new Uint8Array(33).fill(9))],
  ['a point of P-256', encodeBase64url(new Uint8Array(65).fill(4))],
  ['padding', `${encodeBase64url(operator.identity.signing.publicKey)}=`],
  ['hexadecimal digits', Buffer.from(operator.identity.signing.publicKey).toString('hex')],
  ['nothing', ''],
]

/** `key-id.json`. */
export function keyIdVectors(): object {
  return {
    description:
      'Identities from 64 seed bytes (32 for Ed25519, 32 for X25519), their key ids, and public keys that are refused.',
    identities: [operator, secondOperator, agent, stranger].map((party) => ({
      ...describeParty(party),
      shown: shortKeyId(party.identity.signing.keyId),
    })),
    refused: [
      ...WEAK.map(([use, name, value]) => ({
        use,
        name,
        key: littleEndian(value),
        code: 'ERR_KEY_WEAK',
      })),
      ...MALFORMED.map(([use, name, value]) => ({
        use,
        name,
        key: littleEndian(value),
        code: 'ERR_KEY_FORM',
      })),
      ...(['signing', 'sealing'] as const).flatMap((use) =>
        OTHER_SIZES.map(([name, key]) => ({ use, name, key, code: 'ERR_KEY_FORM' })),
      ),
    ],
  }
}

function littleEndian(value: bigint): string {
  const digits = value.toString(16).padStart(64, '0')
  return encodeBase64url(Buffer.from(digits, 'hex').reverse())
}
