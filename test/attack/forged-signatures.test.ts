// SPDX-License-Identifier: Apache-2.0
/** Signatures that are none: altered bits and lengths, foreign keys, other formats and algorithms, malleated scalars. */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUIDv7,
  sign,
} from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity, seal } from '@sallyport/core/crypto'
import { documents, encodeBase64url, encodeJson, pae, parseJson } from '@sallyport/core/protocol'
import { GeneralEncrypt } from 'jose'
import { TestOperator } from '../support/operator.ts'
import { startHttp } from '../support/services.ts'
import { Target, type Sent } from '../support/target.ts'

/** Order of the group of Ed25519. Source: RFC 8032, section 5.1. */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
const { payloadType } = documents.job

interface Form {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}

let target: Target
beforeAll(async () => {
  target = await Target.open()
})
afterAll(async () => target[Symbol.asyncDispose]())

/** A valid envelope, parsed, to be spoilt. */
function valid(): Form {
  return parseJson(target.operator.sign(target.adding()), 200_000) as Form
}

const signed = (form: Form): Uint8Array => Buffer.from(form.signatures[0]!.sig, 'base64url')

/** The same envelope with another text or bytes as its signature. */
function withSignature(sig: string | Uint8Array, form: Form = valid()): Uint8Array {
  const { keyid } = form.signatures[0]!
  const text = typeof sig === 'string' ? sig : encodeBase64url(sig)
  return encodeJson({ ...form, signatures: [{ keyid, sig: text }] })
}

/** Every label its own: what was altered may not say any more which job it was. */
const fresh = (bytes: Uint8Array): Sent => ({ bytes, label: randomUUIDv7() })

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const altered = bytes.slice()
  altered[bit >> 3]! ^= 1 << (bit & 7)
  return altered
}

/** `count` bits spread over all, the first and the last among them. */
const spread = (bits: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => Math.floor((at * (bits - 1)) / (count - 1)))

describe('a flipped bit', () => {
  it('of the payload, any of 200, is a bad signature', async () => {
    const form = valid()
    const payload = Buffer.from(form.payload, 'base64url')
    const altered = spread(payload.length * 8, 200).map((bit) =>
      fresh(encodeJson({ ...form, payload: encodeBase64url(flipped(payload, bit)) })),
    )
    await target.expectRefused('bad_signature', altered)
  })

  it('of the signature, any of 64, is a bad signature', async () => {
    const form = valid()
    const altered = spread(512, 64).map((bit) =>
      fresh(withSignature(flipped(signed(form), bit), form)),
    )
    await target.expectRefused('bad_signature', altered)
  })
})

describe('a signature of another form', () => {
  it('than one key and 64 bytes is malformed', async () => {
    const form = valid()
    const [one] = form.signatures
    const bytes = signed(form)
    const lengths = [0, 1, 63, 65, 128].map((length) =>
      withSignature(Buffer.concat([bytes, bytes]).subarray(0, length), form),
    )
    const spellings = [
      withSignature(`${one!.sig}=`, form),
      withSignature(`${one!.sig.slice(0, -1)}${one!.sig.endsWith('A') ? 'B' : 'A'}B`, form),
      withSignature(`${one!.sig.slice(0, 40)} ${one!.sig.slice(41)}`, form),
    ]
    const counts = [[], [one, one], Array.from({ length: 9 }, () => one), one, null]
    await target.expectRefused(
      'malformed',
      [
        ...lengths,
        ...spellings,
        ...counts.map((signatures) => encodeJson({ ...form, signatures })),
        ...['keyid', 'sig'].map((name) =>
          encodeJson({ ...form, signatures: [{ ...one, [name]: undefined }] }),
        ),
      ].map(fresh),
    )
  })

  it('that is too large for any document stops at the hub, or at the agent', async () => {
    const huge = target.operator.submit(target.agent, withSignature('A'.repeat(2_000_000)))
    await expect(huge).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_HUB_/) })
    await target.expectRefused('too_large', [fresh(withSignature('A'.repeat(170_000)))])
  })

  it('with a key id that is none is malformed, whatever it would do to a path, an object or a query', async () => {
    const form = valid()
    const odd = [
      '../../etc/hostname',
      '__proto__',
      'constructor',
      "' OR 1=1--",
      '\0',
      '',
      'A'.repeat(43) + 'A',
    ]
    const keyIds = [...odd, 'A'.repeat(100_000), `${form.signatures[0]!.keyid.slice(0, 42)}\0`]
    await target.expectRefused(
      'malformed',
      keyIds.map((keyid) =>
        fresh(encodeJson({ ...form, signatures: [{ ...form.signatures[0], keyid }] })),
      ),
    )
  })
})

describe('another signer', () => {
  it('under the key id of the operator is a bad signature', async () => {
    const eve = makeIdentity('eve', randomBytes(64))
    const job = target.adding()
    const payload = encodeJson(job)
    const foreign = eve.signing.sign(pae(payloadType, payload))
    const form = { ...valid(), payload: encodeBase64url(payload) }
    await target.expectRefused('bad_signature', [withSignature(foreign, form)])
  })

  it('of another site where the agent has the same id is unknown, and so is this site there', async () => {
    const other = new TestOperator()
    const job = { ...target.adding(), siteId: other.siteId }
    await target.expectRefused('unknown_key', [other.sign(job)])
    await target.expectRefused('wrong_audience', [
      target.operator.sign({ ...job, jobId: randomUUIDv7() }),
    ])
  })
})

describe('what fits no rule of Ed25519', () => {
  const scalar = (bytes: Uint8Array): bigint =>
    BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`)
  const bytesOf = (value: bigint): Uint8Array =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()

  it('is a bad signature: S + L, S + 2L, zeros, points of small order, halves swapped', async () => {
    const form = valid()
    const bytes = signed(form)
    const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)]
    const identity = bytesOf(1n)
    const forged = [
      [r, bytesOf(scalar(s) + ORDER)],
      [r, bytesOf(scalar(s) + 2n * ORDER)],
      [r, bytesOf(ORDER - scalar(s))],
      [r, bytesOf(0n)],
      [r, bytesOf(ORDER)],
      [r, Buffer.alloc(32, 0xff)],
      [identity, bytesOf(0n)],
      [identity, s],
      [bytesOf(2n ** 255n - 18n), bytesOf(0n)],
      [Buffer.alloc(32), Buffer.alloc(32)],
      [Buffer.alloc(32, 0xff), Buffer.alloc(32, 0xff)],
      [s, r],
      [flipped(r, 255), s],
    ].map((halves) => fresh(withSignature(Buffer.concat(halves), form)))
    await target.expectRefused('bad_signature', forged)
  })

  it('is a bad signature: over other bytes than those that DSSE signs', async () => {
    const form = valid()
    const payload = Buffer.from(form.payload, 'base64url')
    const { signing } = target.operator.identity
    const over = [
      payload,
      Buffer.from(form.payload),
      pae('application/json', payload),
      pae('', payload),
      Buffer.concat([Buffer.from(payloadType), payload]),
    ]
    await target.expectRefused(
      'bad_signature',
      over.map((message) => fresh(withSignature(signing.sign(message), form))),
    )
  })
})

describe('another format or algorithm', () => {
  /** The public key as everything that careless code might take for a secret. */
  function secrets(): (string | Uint8Array)[] {
    const { publicKey } = target.operator.identity.signing
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey) }
    const pem = createPublicKey({ key: jwk, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
      .toString()
    return [
      publicKey,
      encodeBase64url(publicKey),
      JSON.stringify(jwk),
      pem,
      pem.trim(),
      ` ${pem}`,
      `\n${pem}`,
    ]
  }

  const text = (value: unknown): string => encodeBase64url(Buffer.from(JSON.stringify(value)))

  /** A JWS over a valid job, in a form of choice. */
  function jws(
    header: Record<string, unknown>,
    signature: (input: string) => Uint8Array,
  ): Uint8Array[] {
    const [protectedHeader, payload] = [text(header), text(target.adding())]
    const sig = encodeBase64url(signature(`${protectedHeader}.${payload}`))
    const flattened = { protected: protectedHeader, payload, signature: sig }
    const general = { payload, signatures: [{ protected: protectedHeader, signature: sig }] }
    return [
      Buffer.from(`${protectedHeader}.${payload}.${sig}`),
      Buffer.from(`"${protectedHeader}.${payload}.${sig}"`),
      encodeJson(flattened),
      encodeJson(general),
    ]
  }

  it('is malformed where an envelope should be: a JWS with any alg or none, in every form', async () => {
    const { signing } = target.operator.identity
    const eddsa = (input: string) => signing.sign(Buffer.from(input))
    const algs = ['none', 'None', '', ['EdDSA'], 'EdDSA', 'HS256']
    const all = algs.flatMap((alg) =>
      jws({ alg }, alg === 'EdDSA' ? eddsa : () => new Uint8Array()),
    )
    const macs = secrets().flatMap((secret) =>
      jws({ alg: 'HS256', kid: signing.keyId }, (input) =>
        createHmac('sha256', secret).update(input).digest(),
      ),
    )
    await target.expectRefused('malformed', [...all, ...jws({}, eddsa), ...macs].map(fresh))
  })

  it('changes nothing as a member of an envelope: an alg, a key or an address in it is malformed', async () => {
    const form = valid()
    const [one] = form.signatures
    const members = {
      alg: 'none',
      jwk: {},
      x5u: 'http://127.0.0.1/',
      crit: ['x'],
      header: { alg: 'EdDSA' },
    }
    const altered = Object.entries(members).flatMap(([name, value]) => [
      encodeJson({ ...form, [name]: value }),
      encodeJson({ ...form, signatures: [{ ...one, [name]: value }] }),
    ])
    await target.expectRefused('malformed', altered.map(fresh))
  })

  it('is a bad signature: MACs with the public key as their secret, and ECDSA', async () => {
    const form = valid()
    const message = pae(payloadType, Buffer.from(form.payload, 'base64url'))
    const macs = secrets().map((secret) => createHmac('sha512', secret).update(message).digest())
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const ecdsa = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    await target.expectRefused(
      'bad_signature',
      [...macs, ecdsa].map((mac) => fresh(withSignature(mac, form))),
    )
  })

  it('is unsupported as a payload type: the next version, another kind, another spelling', async () => {
    const payload = encodeJson(target.adding())
    const types = [
      'application/vnd.sallyport.job.v2+json',
      'application/vnd.sallyport.JOB.v1+json',
      'application/json',
      'JWT',
    ]
    await target.expectRefused(
      'unsupported_type',
      types.map((type) => fresh(target.signRaw(payload, target.operator.identity, type))),
    )
  })
})

describe('the header of a sealed text', () => {
  it('is not obeyed: keys and addresses in it are fetched by nobody, though the text could be opened', async () => {
    await using listening = await startHttp((_, response) => void response.end('{"keys":[]}'))
    const url = `http://127.0.0.1:${listening.port}/keys.json`
    const extras = [{ jku: url }, { x5u: url }, { jwk: { kty: 'oct', k: 'AAAA' } }, { typ: 'JWE' }]
    const key = { kty: 'OKP', crv: 'X25519', x: target.agent.sealingKey }
    const reader = createPublicKey({ key, format: 'jwk' })
    const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' }
    for (const extra of extras) {
      const jwe = new GeneralEncrypt(target.operator.sign(target.adding())).setProtectedHeader({
        ...header,
        ...extra,
      })
      for (const _ of [1, 2]) jwe.addRecipient(reader).setUnprotectedHeader({ kid: 'reader' })
      expect(await target.fateOf(JSON.stringify(await jwe.encrypt()))).toBe('unsealable')
    }
    expect(listening.received).toEqual([])
    await target.expectUnharmed()
  })

  it('is refused when it names another algorithm, none, or a compression, and nothing is inflated', async () => {
    const job = target.operator.sign(target.adding())
    const sealed = JSON.parse(await seal(job, [target.agent.sealingKey])) as Record<string, unknown>
    const algs = ['none', '', ['ECDH-ES+A256KW'], null, 'dir', 'RSA1_5', 'PBES2-HS256+A128KW']
    const headers = [
      ...algs.map((alg) => ({ alg, enc: 'A256GCM' })),
      { enc: 'A256GCM' },
      { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', zip: 'DEF' },
      { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', crit: ['exp'] },
    ]
    const others = [
      ...headers.map((header) => ({ ...sealed, protected: text(header) })),
      { ...sealed, unprotected: { jku: 'http://127.0.0.1/' } },
      { ...sealed, recipients: [] },
    ]
    const fates = await Promise.all(others.map((other) => target.fateOf(JSON.stringify(other))))
    expect(fates).toEqual(others.map(() => 'unsealable'))
    await target.expectUnharmed()
  })

  const text = (value: unknown): string => encodeBase64url(Buffer.from(JSON.stringify(value)))
})

describe('the log', () => {
  it('has every one of these refusals once, by itself or counted', async () => {
    await target.expectOnRecord()
  })
})
