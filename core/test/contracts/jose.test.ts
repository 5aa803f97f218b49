// SPDX-License-Identifier: Apache-2.0
/** Published JWE examples use other algorithms than ours: valid as they are, not one may be taken. */
import { describe, expect, it } from '@jest/globals'
import { makeSealingKey, open, openUnderSecret } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { fromHex, hasContracts, readContract, readWycheproof } from './contracts.ts'
import { X25519 } from './published-vectors.ts'

interface Example {
  title?: string
  input?: { key?: { k?: string } }
  output?: { compact?: string; json?: unknown; json_flat?: unknown }
}

const LIMIT = 65_536
const bob = makeSealingKey(fromHex(X25519.bobPrivate))

/** Headers that were once taken somewhere: none of these may reach a key. */
const FOREIGN_HEADERS = [
  { alg: 'dir', enc: 'A128GCM' },
  { alg: 'A256KW', enc: 'A256GCM' },
  { alg: 'A256GCMKW', enc: 'A256GCM' },
  { alg: 'ECDH-ES', enc: 'A256GCM' },
  { alg: 'RSA1_5', enc: 'A256GCM' },
  { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM' },
  { alg: 'none', enc: 'A256GCM' },
]

it('refuses sealed texts whose header names an algorithm of another suite', async () => {
  for (const header of FOREIGN_HEADERS) {
    const text = Buffer.from(JSON.stringify(header)).toString('base64url')
    const compact = [text, '', 'A'.repeat(16), '', 'A'.repeat(22)].join('.')
    await expect(openUnderSecret(compact, new Uint8Array(32))).rejects.toThrowCode(
      'ERR_SEALED_FORM',
    )
  }
})

if (hasContracts) {
  describe('the JOSE cookbook', () => {
    const cookbook = readContract<Record<string, Example>>('jose/ietf-jose-cookbook.json')
    const examples = Object.entries(cookbook).filter(([, { output }]) => output !== undefined)

    it.each(examples)('%s is refused in every serialisation', async (_, { output, input }) => {
      const secret = input?.key?.k === undefined ? new Uint8Array(32) : decodeBase64url(input.key.k)
      const key = secret.length === 32 ? secret : new Uint8Array(32)
      for (const form of [output!.json, output!.json_flat]) {
        if (form === undefined) continue
        await expect(open(JSON.stringify(form), bob, LIMIT)).rejects.toThrowCode('ERR_SEALED_FORM')
      }
      if (output!.compact === undefined) return
      await expect(openUnderSecret(output!.compact, key)).rejects.toThrowCode('ERR_SEALED_FORM')
    })
  })

  describe('Wycheproof json_web_encryption', () => {
    interface Group {
      private: { kty: string; k?: string }
    }

    it.each(readWycheproof<Group, { jwe: string }>('json_web_encryption_test'))(
      'test $tcId is refused: $comment',
      async ({ jwe, private: { k = '' } }) => {
        const secret = Buffer.from(k, 'base64url')
        const key = secret.length === 32 ? secret : new Uint8Array(32)
        await expect(openUnderSecret(jwe, key)).rejects.toThrowCode('ERR_SEALED_FORM')
        await expect(open(jwe, bob, LIMIT)).rejects.toThrowCode('ERR_SEALED_FORM')
      },
    )
  })
}
