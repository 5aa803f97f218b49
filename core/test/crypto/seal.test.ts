// SPDX-License-Identifier: Apache-2.0
/** Sealing: readers open, others do not, and no header has a say. */
import { describe, expect, it } from '@jest/globals'
import {
  MAX_READERS,
  makeSealingKey,
  open,
  openUnderSecret,
  seal,
  sealUnderSecret,
} from '@sallyport/core/crypto'
import { encodeBase64url, encodeJson } from '@sallyport/core/protocol'
import { CompactEncrypt, FlattenedEncrypt, GeneralEncrypt } from 'jose'
import { createPublicKey, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { smallOrderCoordinates } from './weak-keys.ts'

interface Sealed {
  protected: string
  iv: string
  ciphertext: string
  tag: string
  recipients: { encrypted_key: string; header: Record<string, unknown> }[]
}

const LIMIT = 65_536
const plaintext = new TextEncoder().encode('{"a":"signed elsewhere"}')
const sealingKey = (byte: number) => makeSealingKey(new Uint8Array(32).fill(byte))
const agent = sealingKey(1)
const operator = sealingKey(2)
const customer = sealingKey(3)
const stranger = sealingKey(4)
const HEADER = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' }

const one = JSON.parse(await seal(plaintext, [agent.publicKey])) as Sealed
const three = JSON.parse(
  await seal(plaintext, [agent.publicKey, encodeBase64url(operator.publicKey), customer.publicKey]),
) as Sealed

const encodeHeader = (header: unknown) => encodeBase64url(Buffer.from(JSON.stringify(header)))
const decodeHeader = (text: string) =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
const openJson = (sealed: unknown, key = agent) => open(JSON.stringify(sealed), key, LIMIT)

/** Sealed to the agent and the operator by the library directly, with any headers. */
async function forge(header: Record<string, unknown>, own: object = {}): Promise<Sealed> {
  const jwe = new GeneralEncrypt(plaintext).setProtectedHeader(header)
  for (const { keyId, publicKey } of [agent, operator]) {
    const jwk = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(publicKey) }
    jwe
      .addRecipient(createPublicKey({ key: jwk, format: 'jwk' }))
      .setUnprotectedHeader({ kid: keyId, ...own })
  }
  return (await jwe.encrypt()) as unknown as Sealed
}

describe('seal and open', () => {
  it('give every reader the same bytes', async () => {
    for (const key of [agent, operator, customer])
      expect(await openJson(three, key)).toEqual(plaintext)
    expect(await openJson(one)).toEqual(plaintext)
  })

  it.each([0, 1, 48_000])('carry %d bytes', async (length) => {
    const bytes = new Uint8Array(randomBytes(length))
    expect(await open(await seal(bytes, [agent.publicKey]), agent, LIMIT)).toEqual(bytes)
  })

  it('never give the same text twice', async () => {
    expect(await seal(plaintext, [agent.publicKey])).not.toBe(
      await seal(plaintext, [agent.publicKey]),
    )
  })

  it('wrap one key for a reader who is named twice', async () => {
    const sealed = JSON.parse(
      await seal(plaintext, [agent.publicKey, encodeBase64url(agent.publicKey)]),
    ) as Sealed
    expect(sealed.recipients).toHaveLength(1)
    expect(await openJson(sealed)).toEqual(plaintext)
  })

  it('use the algorithms of the protocol and name readers by key id', () => {
    expect(decodeHeader(three.protected)).toEqual(HEADER)
    expect(three.recipients.map(({ header }) => header['kid'])).toEqual(
      [agent, operator, customer].map(({ keyId }) => keyId),
    )
    expect(one.protected).toBe(three.protected)
    expect(Object.keys(one.recipients[0]!.header).sort()).toEqual(['epk', 'kid'])
  })

  it('take as many readers as an operator team and a job may name, and no more', async () => {
    const readers = Array.from({ length: MAX_READERS + 1 }, (_, index) => sealingKey(index + 1))
    const keys = readers.map(({ publicKey }) => publicKey)
    const sealed = await seal(plaintext, keys.slice(1))
    expect(await open(sealed, readers.at(-1)!, LIMIT)).toEqual(plaintext)
    await expect(seal(plaintext, keys)).rejects.toThrow(RangeError)
    await expect(seal(plaintext, [])).rejects.toThrow(RangeError)
  })

  it('refuse readers whose key is weak or malformed', async () => {
    await expect(
      seal(plaintext, [agent.publicKey, smallOrderCoordinates()[0]!]),
    ).rejects.toThrowCode('ERR_KEY_WEAK')
    await expect(seal(plaintext, ['AAAA'])).rejects.toThrowCode('ERR_KEY_FORM')
  })

  it('refuse someone who is not a reader', async () => {
    await expect(openJson(three, stranger)).rejects.toThrowCode('ERR_NOT_A_READER')
  })

  it('open nothing under the key id of another', async () => {
    const recipients = [
      { ...three.recipients[0]!, header: { ...three.recipients[0]!.header, kid: stranger.keyId } },
    ]
    await expect(openJson({ ...three, recipients }, stranger)).rejects.toThrowCode('ERR_UNSEAL')
  })

  it.each(['iv', 'ciphertext', 'tag'] as const)(
    'refuse any flipped bit of the %s',
    async (member) => {
      const bytes = Buffer.from(three[member], 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit += 5) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        await expect(
          openJson({ ...three, [member]: flipped.toString('base64url') }),
        ).rejects.toThrowCode('ERR_UNSEAL')
      }
    },
  )

  it('refuse any flipped bit of the wrapped key', async () => {
    const bytes = Buffer.from(three.recipients[0]!.encrypted_key, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 11) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const recipients = [{ ...three.recipients[0]!, encrypted_key: flipped.toString('base64url') }]
      await expect(openJson({ ...three, recipients })).rejects.toThrowCode('ERR_UNSEAL')
    }
  })

  it('refuse parts of two sealed texts put together', async () => {
    const other = JSON.parse(await seal(Buffer.from('other'), [agent.publicKey])) as Sealed
    const { ciphertext, iv, tag } = other
    await expect(openJson({ ...one, ciphertext, iv, tag })).rejects.toThrowCode('ERR_UNSEAL')
  })
})

describe('open', () => {
  it('takes what the library writes of the same form', async () => {
    expect(await openJson(await forge(HEADER))).toEqual(plaintext)
  })

  it('refuses a second spelling of the same protected header, though the key would fit', async () => {
    const swapped = await forge({ enc: HEADER.enc, alg: HEADER.alg })
    await expect(openJson(swapped)).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it.each([
    ['no algorithm', { enc: 'A256GCM' }, { alg: 'ECDH-ES+A256KW' }],
    ['a shorter wrapping key', { alg: 'ECDH-ES+A128KW', enc: 'A256GCM' }, {}],
    ['a shorter content key', { alg: 'ECDH-ES+A256KW', enc: 'A128GCM' }, {}],
    ['another mode', { alg: 'ECDH-ES+A256KW', enc: 'A256CBC-HS512' }, {}],
    ['the content algorithm beside the reader', { alg: 'ECDH-ES+A256KW' }, { enc: 'A256GCM' }],
    ['compression', { ...HEADER, zip: 'DEF' }, {}],
    ['a type', { ...HEADER, typ: 'JWE' }, {}],
    ['a content type', { ...HEADER, cty: 'JWT' }, {}],
    ['party information', { ...HEADER, apu: 'QQ' }, {}],
    ['an embedded key', { ...HEADER, jwk: { kty: 'OKP' } }, {}],
    ['a key id in the protected header', { ...HEADER, kid2: 'x' }, {}],
    ['an unknown member beside the reader', HEADER, { x: 1 }],
    ['an address of keys', { ...HEADER, jku: 'https://elsewhere.example/' }, {}],
  ])('refuses headers with %s, though the key would fit', async (_, header, own) => {
    await expect(openJson(await forge(header, own))).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it.each(['jku', 'x5u'])('fetches nothing from the address in %s', async (member) => {
    let requestCount = 0
    const listener = createServer((_, response) => {
      requestCount += 1
      response.end('{}')
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`
    const forged = [
      await forge({ ...HEADER, [member]: address }),
      await forge(HEADER, { [member]: address }),
    ]
    const outcomes = await Promise.allSettled(forged.map((sealed) => openJson(sealed)))
    await new Promise((resolve) => listener.close(resolve))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SEALED_FORM' } })
    }
    expect(requestCount).toBe(0)
  })

  const header = (changed: object) => ({
    protected: encodeHeader({ ...decodeHeader(three.protected), ...changed }),
  })
  const first = three.recipients[0]!
  const firstHeader = (changed: object) => ({
    recipients: [
      { ...first, header: { ...first.header, ...changed } },
      ...three.recipients.slice(1),
    ],
  })
  it.each<[string, object]>([
    ['a critical extension', header({ crit: ['exp'], exp: 1 })],
    ['no algorithm at all', header({ alg: 'none' })],
    ['an empty algorithm', header({ alg: '' })],
    ['algorithms in a list', header({ alg: ['ECDH-ES+A256KW'] })],
    ['an algorithm with a space before it', header({ alg: ' ECDH-ES+A256KW' })],
    ['a symmetric algorithm', header({ alg: 'dir' })],
    ['a password algorithm', header({ alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: 'AA' })],
    ['a protected header that is an array', { protected: encodeHeader([]) }],
    ['a protected header that is not JSON', { protected: encodeBase64url(Buffer.from('{')) }],
    [
      'a member of the protected header twice',
      {
        protected: encodeBase64url(
          Buffer.from('{"alg":"dir","alg":"ECDH-ES+A256KW","enc":"A256GCM"}'),
        ),
      },
    ],
    ['a protected header in padded base64', { protected: `${three.protected}=` }],
    [
      'a protected header that never ends',
      { protected: encodeHeader({ ...HEADER, x: 'x'.repeat(999) }) },
    ],
    ['no protected header', { protected: undefined }],
    ['a shared header without protection', { unprotected: { kid: 'x' } }],
    ['additional data', { aad: 'QQ' }],
    ['no readers', { recipients: [] }],
    ['readers that are not a list', { recipients: first }],
    ['a reader without a key', { recipients: [{ header: first.header }] }],
    ['a reader without a header', { recipients: [{ encrypted_key: first.encrypted_key }] }],
    ['a reader twice', { recipients: [...three.recipients, first] }],
    [
      'more readers than may be',
      {
        recipients: Array.from({ length: MAX_READERS }, (_, index) => ({
          ...first,
          header: { ...first.header, kid: sealingKey(100 + index).keyId },
        })).concat(first as never),
      },
    ],
    ['a short wrapped key', { recipients: [{ ...first, encrypted_key: 'AAAA' }] }],
    [
      'a wrapped key that is not base64url',
      { recipients: [{ ...first, encrypted_key: '+'.repeat(54) }] },
    ],
    ['a key id that is no id', firstHeader({ kid: '../../key' })],
    [
      'an ephemeral key of another curve',
      firstHeader({ epk: { crv: 'P-256', kty: 'EC', x: 'AA', y: 'AA' } }),
    ],
    [
      'a private ephemeral key',
      firstHeader({ epk: { ...(first.header['epk'] as object), d: 'AA' } }),
    ],
    ['an algorithm beside the reader', firstHeader({ alg: 'dir' })],
    ['no ephemeral key', firstHeader({ epk: undefined })],
    ['an ephemeral key in both headers', header({ epk: first.header['epk'] })],
    [
      'one ephemeral key for several readers',
      {
        protected: encodeHeader({ ...HEADER, epk: first.header['epk'] }),
        recipients: three.recipients.map(({ encrypted_key, header: { kid } }) => ({
          encrypted_key,
          header: { kid },
        })),
      },
    ],
    ...smallOrderCoordinates().map((x): [string, object] => [
      `the ephemeral key ${encodeBase64url(x).slice(0, 6)} of small order`,
      firstHeader({ epk: { kty: 'OKP', crv: 'X25519', x: encodeBase64url(x) } }),
    ]),
    ['a short initialisation vector', { iv: 'AAAA' }],
    ['a short tag', { tag: three.tag.slice(0, 20) }],
    ['a tag in a second spelling', { tag: `${three.tag.slice(0, 21)}_` }],
    ['a ciphertext that is not base64url', { ciphertext: `${three.ciphertext}=` }],
    ['a ciphertext that is a number', { ciphertext: 1 }],
  ])('refuses %s', async (_, changed) => {
    await expect(openJson({ ...three, ...changed })).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it('refuses the other serialisations of the same message', async () => {
    const jwk = { kty: 'OKP', crv: 'X25519', x: encodeBase64url(agent.publicKey) }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const compact = await new CompactEncrypt(plaintext).setProtectedHeader(HEADER).encrypt(key)
    const flattened = await new FlattenedEncrypt(plaintext)
      .setProtectedHeader(HEADER)
      .setUnprotectedHeader({ kid: agent.keyId })
      .encrypt(key)
    await expect(open(compact, agent, LIMIT)).rejects.toThrowCode('ERR_SEALED_FORM')
    await expect(openJson(flattened)).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it('refuses a text larger than asked for, whatever it is', async () => {
    const sealed = JSON.stringify(one)
    expect(await open(sealed, agent, sealed.length)).toEqual(plaintext)
    await expect(open(sealed, agent, sealed.length - 1)).rejects.toThrowCode('ERR_SEALED_FORM')
    await expect(open('['.repeat(1e6), agent, LIMIT)).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it('refuses a duplicate member of the text itself', async () => {
    const twice = JSON.stringify(one).replace('{', '{"iv":"AAAAAAAAAAAAAAAA",')
    await expect(open(twice, agent, LIMIT)).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it('says nothing about the plaintext or the key in its errors', async () => {
    const error = await openJson({ ...one, tag: 'A'.repeat(22) }).catch((caught: unknown) => caught)
    expect(String(error)).toBe('CodedError: cannot be opened')
  })
})

describe('sealing under a secret', () => {
  const secret = new Uint8Array(32).fill(9)
  const direct = { alg: 'dir', enc: 'A256GCM' }

  it('opens with the same secret and no other', async () => {
    const sealed = await sealUnderSecret(plaintext, secret)
    expect(await openUnderSecret(sealed, secret)).toEqual(plaintext)
    await expect(openUnderSecret(sealed, new Uint8Array(32))).rejects.toThrowCode('ERR_UNSEAL')
  })

  it('takes 32 bytes only', async () => {
    await expect(sealUnderSecret(plaintext, new Uint8Array(16))).rejects.toThrow(RangeError)
    await expect(openUnderSecret('', new Uint8Array(33))).rejects.toThrow(RangeError)
  })

  it('refuses any flipped bit', async () => {
    const parts = (await sealUnderSecret(plaintext, secret)).split('.')
    for (const at of [2, 3, 4]) {
      const bytes = Buffer.from(parts[at]!, 'base64url')
      bytes[0]! ^= 1
      const changed = parts.with(at, bytes.toString('base64url')).join('.')
      await expect(openUnderSecret(changed, secret)).rejects.toThrowCode('ERR_UNSEAL')
    }
  })

  it('refuses a text larger than asked for', async () => {
    const sealed = await sealUnderSecret(plaintext, secret)
    expect(await openUnderSecret(sealed, secret, sealed.length)).toEqual(plaintext)
    await expect(openUnderSecret(sealed, secret, sealed.length - 1)).rejects.toThrowCode(
      'ERR_SEALED_FORM',
    )
  })

  it.each([
    ['compression', { ...direct, zip: 'DEF' }],
    ['a type', { ...direct, typ: 'JWT' }],
    ['an address of keys', { ...direct, jku: 'https://elsewhere.example/' }],
  ])('refuses a header with %s, though the key would fit', async (_, header) => {
    const sealed = await new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(secret)
    await expect(openUnderSecret(sealed, secret)).rejects.toThrowCode('ERR_SEALED_FORM')
  })

  it.each([
    [
      'another algorithm',
      (parts: string[]) => parts.with(0, encodeHeader({ alg: 'A256KW', enc: 'A256GCM' })),
    ],
    ['a header that is not JSON', (parts: string[]) => parts.with(0, 'AAAA')],
    ['a header that is not base64url', (parts: string[]) => parts.with(0, `${parts[0]}=`)],
    ['a wrapped key', (parts: string[]) => parts.with(1, 'AAAA')],
    ['four parts', (parts: string[]) => parts.slice(0, 4)],
    ['six parts', (parts: string[]) => [...parts, '']],
    ['one part', () => ['']],
    ['a short initialisation vector', (parts: string[]) => parts.with(2, 'AAAA')],
    ['a short tag', (parts: string[]) => parts.with(4, 'AAAA')],
    ['a second spelling of the ciphertext', (parts: string[]) => parts.with(3, `${parts[3]}=`)],
  ])('refuses %s', async (_, change) => {
    const parts = (await sealUnderSecret(plaintext, secret)).split('.')
    await expect(openUnderSecret(change(parts).join('.'), secret)).rejects.toThrowCode(
      'ERR_SEALED_FORM',
    )
  })
})

it('a sealed text is canonical JSON', async () => {
  const sealed = await seal(plaintext, [agent.publicKey, operator.publicKey])
  expect(sealed).toBe(new TextDecoder().decode(encodeJson(JSON.parse(sealed))))
})
