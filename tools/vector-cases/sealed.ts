// SPDX-License-Identifier: Apache-2.0
/** Vectors of sealed texts. Sealing draws random keys, so each run of this makes other texts that open the same. */
import { seal, sealUnderSecret } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { agent, describeParty, hex, operator, stranger, utf8 } from './parties.ts'

interface Sealed {
  protected: string
  iv: string
  ciphertext: string
  tag: string
  recipients: [{ encrypted_key: string; header: { kid: string; epk: object } }]
}

const PLAINTEXT = 'Sealing proves nothing about the sender.'
const SECRET = new Uint8Array(32).fill(42)
const ZERO_KEY = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(new Uint8Array(32)) }

/** `sealed.json`. */
export async function sealedVectors(): Promise<object> {
  const toOne = await seal(utf8(PLAINTEXT), [agent.identity.sealing.publicKey])
  const toTwo = await seal(
    utf8(PLAINTEXT),
    [agent, operator].map(({ identity }) => identity.sealing.publicKey),
  )
  const underSecret = await sealUnderSecret(utf8(PLAINTEXT), SECRET)
  return {
    description:
      'Sealed texts that open with the key of each party (last 32 bytes of its seed), and texts that do not open for the agent.',
    parties: [agent, operator, stranger].map(describeParty),
    plaintext: PLAINTEXT,
    opened: [
      { name: 'one reader', readers: ['pve1'], sealed: toOne },
      { name: 'two readers', readers: ['pve1', 'ann'], sealed: toTwo },
    ],
    refused: refusedVariants(JSON.parse(toOne) as Sealed, await notForTheAgent()),
    underSecret: { secret: hex(SECRET), sealed: underSecret },
    refusedUnderSecret: refusedCompact(underSecret),
  }
}

function notForTheAgent(): Promise<string> {
  return seal(utf8(PLAINTEXT), [stranger.identity.sealing.publicKey])
}

function refusedVariants(sealed: Sealed, foreign: string): object[] {
  const [reader] = sealed.recipients
  const withHeader = (header: object) => ({
    protected: encodeBase64url(utf8(JSON.stringify(header))),
  })
  const withReader = (changed: object) => ({
    recipients: [{ ...reader, header: { ...reader.header, ...changed } }],
  })
  const suite = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' }
  const variants: [string, object][] = [
    ['another algorithm', withHeader({ ...suite, alg: 'ECDH-ES' })],
    ['no algorithm', withHeader({ ...suite, alg: 'none' })],
    ['the same header in another order', withHeader({ enc: suite.enc, alg: suite.alg })],
    ['compression', withHeader({ ...suite, zip: 'DEF' })],
    ['a critical extension', withHeader({ ...suite, crit: ['x'], x: 1 })],
    ['an address of keys', withHeader({ ...suite, jku: 'http://127.0.0.1:9/' })],
    ['an algorithm beside the reader', withReader({ alg: 'dir' })],
    ['an ephemeral key of small order', withReader({ epk: ZERO_KEY })],
    ['no ephemeral key', withReader({ epk: undefined })],
    ['a shared header without protection', { unprotected: {} }],
    ['additional data', { aad: 'QQ' }],
    ['a reader twice', { recipients: [reader, reader] }],
    ['no readers', { recipients: [] }],
    ['a padded tag', { tag: `${sealed.tag}==` }],
  ]
  const form = variants.map(([name, changed]) => ({
    name,
    code: 'ERR_SEALED_FORM',
    sealed: JSON.stringify({ ...sealed, ...changed }),
  }))
  const unopened = (['iv', 'ciphertext', 'tag'] as const).map((member) => ({
    name: `another ${member}`,
    code: 'ERR_UNSEAL',
    sealed: JSON.stringify({ ...sealed, [member]: flipFirstBit(sealed[member]) }),
  }))
  return [
    ...form,
    ...unopened,
    { name: 'other readers', code: 'ERR_NOT_A_READER', sealed: foreign },
  ]
}

function refusedCompact(sealed: string): object[] {
  const parts = sealed.split('.')
  const header = encodeBase64url(utf8(JSON.stringify({ alg: 'A256KW', enc: 'A256GCM' })))
  return [
    { name: 'another algorithm', code: 'ERR_SEALED_FORM', sealed: parts.with(0, header).join('.') },
    { name: 'a wrapped key', code: 'ERR_SEALED_FORM', sealed: parts.with(1, 'AAAA').join('.') },
    { name: 'four parts', code: 'ERR_SEALED_FORM', sealed: parts.slice(0, 4).join('.') },
    {
      name: 'another tag',
      code: 'ERR_UNSEAL',
      sealed: parts.with(4, flipFirstBit(parts[4]!)).join('.'),
    },
  ]
}

function flipFirstBit(text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[0]! ^= 0x80
  return encodeBase64url(bytes)
}
