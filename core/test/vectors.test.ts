// SPDX-License-Identifier: Apache-2.0
/** Every case of every file that this package owns in `docs/vectors/`: what independent implementers are promised. */
import { describe, expect, it } from '@jest/globals'
import { chainOf } from '@sallyport/core/admission'
import {
  accessTokenHash,
  codeProof,
  fingerprintOf,
  digestOf,
  keyIdOf,
  makeEnrolmentCode,
  makeIdentity,
  makeTrustStore,
  makeTrustedKey,
  open,
  openBundle,
  openPublication,
  openUnderSecret,
  parseEnrolmentCode,
  parseSealingPublicKey,
  parseSigningPublicKey,
  possessionMessage,
  publicIdentity,
  publishes,
  readDpopProof,
  rootFingerprintOf,
  shortKeyId,
  verifyEnvelope,
  nameOpeningOf,
  parseNameKey,
  pseudonymOf,
  revealRoot,
  verifyFirstRoot,
  verifyNextRoot,
  verifySignature,
  type NameKind,
} from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  encodeBase64url,
  encodeDocument,
  encodeJson,
  maxEnvelopeBytes,
  pae,
  parseDocument,
  parseEnvelope,
  parseJson,
  type Job,
  type RefusalReason,
  type Role,
} from '@sallyport/core/protocol'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../../docs/vectors')
const read = <T>(name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as T
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

interface Party {
  name: string
  seed: string
  signingKey: string
  signingKeyId: string
  sealingKey: string
  sealingKeyId: string
}

const identityOf = ({ name, seed }: Pick<Party, 'name' | 'seed'>) => makeIdentity(name, hex(seed))

/** Cases with a name that a terminal can print. */
const named = <T extends { text: string }>(cases: T[]) =>
  cases.map((entry) => ({ ...entry, shown: JSON.stringify(entry.text).slice(0, 72) }))

describe('pae.json', () => {
  const { cases } = read<{ cases: Record<'name' | 'payloadType' | 'payload' | 'pae', string>[] }>(
    'pae.json',
  )

  it.each(cases)('$name', ({ payloadType, payload, pae: expected }) => {
    expect(encodeBase64url(pae(payloadType, decodeBase64url(payload)))).toBe(expected)
  })
})

describe('strict-json.json', () => {
  const vectors = read<{
    maxBytes: number
    accepted: { text: string; bytes: string; canonical: string }[]
    refused: { code: string; text: string; bytes: string }[]
  }>('strict-json.json')
  const parse = (bytes: string) => parseJson(decodeBase64url(bytes), vectors.maxBytes)

  it.each(named(vectors.accepted))('reads $shown', (accepted) => {
    expect(encodeBase64url(utf8(accepted.text))).toBe(accepted.bytes)
    expect(parse(accepted.bytes)).toEqual(JSON.parse(accepted.text))
    expect(text(encodeJson(parse(accepted.bytes)))).toBe(accepted.canonical)
  })

  it.each(named(vectors.refused))('refuses $shown', ({ code, bytes }) => {
    expect(() => parse(bytes)).toThrowCode(code)
  })
})

describe('key-id.json', () => {
  const vectors = read<{
    identities: (Party & { shown: string })[]
    refused: { use: 'signing' | 'sealing'; name: string; key: string; code: string }[]
  }>('key-id.json')

  it.each(vectors.identities)('makes the keys of $name', ({ shown, ...party }) => {
    const { signing, sealing } = identityOf(party)
    expect(publicIdentity(identityOf(party))).toEqual({
      name: party.name,
      signingKey: party.signingKey,
      sealingKey: party.sealingKey,
    })
    expect([signing.keyId, sealing.keyId]).toEqual([party.signingKeyId, party.sealingKeyId])
    expect(keyIdOf(parseSigningPublicKey(party.signingKey))).toBe(party.signingKeyId)
    expect(keyIdOf(parseSealingPublicKey(party.sealingKey))).toBe(party.sealingKeyId)
    expect(shortKeyId(signing.keyId)).toBe(shown)
  })

  it.each(vectors.refused)('refuses for $use: $name', ({ use, key, code }) => {
    const parse = use === 'signing' ? parseSigningPublicKey : parseSealingPublicKey
    expect(() => parse(key)).toThrowCode(code)
  })
})

describe('envelope.json', () => {
  const vectors = read<{
    trust: (Pick<Party, 'name' | 'seed' | 'signingKey' | 'signingKeyId'> & { role: Role })[]
    document: Job
    payload: string
    pae: string
    digest: string
    accepted: { name: string; signer: string; envelope: string }[]
    refused: { name: string; reason: RefusalReason; envelope: string }[]
  }>('envelope.json')
  const keys = vectors.trust.map(({ role, name, signingKey }) =>
    makeTrustedKey(role, name, signingKey),
  )
  const trust = makeTrustStore(vectors.document.siteId, keys)
  const reasons: Record<string, RefusalReason> = {
    ERR_JSON_DUPLICATE_KEY: 'duplicate_key',
    ERR_JSON_SIZE: 'too_large',
  }

  /** The steps an agent takes before it looks at what the job says. */
  function judge(envelope: string): { signer: string; job: Job } | { reason: RefusalReason } {
    try {
      const parsed = parseEnvelope(utf8(envelope), maxEnvelopeBytes(documents.job.maxBytes))
      const verified = verifyEnvelope(parsed, [documents.job, documents.approval], trust)
      if (!verified.ok) return verified.refusal
      return { signer: verified.signer.name, job: parseDocument(documents.job, verified.payload) }
    } catch (error) {
      return { reason: reasons[(error as { code: string }).code] ?? 'malformed' }
    }
  }

  it('states the bytes that are signed', () => {
    const payload = encodeDocument(documents.job, vectors.document)
    expect(text(payload)).toBe(vectors.payload)
    expect(encodeBase64url(pae(documents.job.payloadType, payload))).toBe(vectors.pae)
    expect(digestOf(payload)).toBe(vectors.digest)
  })

  it('states keys that belong to their seeds', () => {
    for (const party of vectors.trust) {
      const { signing } = identityOf(party)
      expect(encodeBase64url(signing.publicKey)).toBe(party.signingKey)
      expect(signing.keyId).toBe(party.signingKeyId)
    }
  })

  it.each(vectors.accepted)('takes: $name', ({ envelope, signer }) => {
    expect(judge(envelope)).toEqual({ signer, job: vectors.document })
  })

  it('is signed by the operator as anyone with the seed signs', () => {
    const { signatures } = parseEnvelope(utf8(vectors.accepted[0]!.envelope), 4_096)
    const { signing } = identityOf(vectors.trust[0]!)
    expect(signing.sign(decodeBase64url(vectors.pae))).toEqual(signatures[0]!.signature)
  })

  it.each(vectors.refused)('refuses as $reason: $name', ({ envelope, reason }) => {
    expect(judge(envelope)).toMatchObject({ reason })
  })
})

describe('sealed.json', () => {
  const vectors = read<{
    parties: [Party, Party, Party]
    plaintext: string
    opened: { name: string; readers: string[]; sealed: string }[]
    refused: { name: string; code: string; sealed: string }[]
    underSecret: { secret: string; sealed: string }
    refusedUnderSecret: { name: string; code: string; sealed: string }[]
  }>('sealed.json')
  const keyOf = (party: Party) => identityOf(party).sealing
  const [agent] = vectors.parties

  it.each(vectors.opened)('opens for its readers alone: $name', async ({ readers, sealed }) => {
    for (const party of vectors.parties) {
      const opened = open(sealed, keyOf(party), 4_096)
      if (readers.includes(party.name)) expect(text(await opened)).toBe(vectors.plaintext)
      else await expect(opened).rejects.toThrowCode('ERR_NOT_A_READER')
    }
  })

  it.each(vectors.refused)('refuses $name', async ({ sealed, code }) => {
    await expect(open(sealed, keyOf(agent), 4_096)).rejects.toThrowCode(code)
  })

  it('opens under the secret', async () => {
    const { secret, sealed } = vectors.underSecret
    expect(text(await openUnderSecret(sealed, hex(secret)))).toBe(vectors.plaintext)
  })

  it.each(vectors.refusedUnderSecret)(
    'refuses under the secret: $name',
    async ({ sealed, code }) => {
      const secret = hex(vectors.underSecret.secret)
      await expect(openUnderSecret(sealed, secret)).rejects.toThrowCode(code)
    },
  )
})

describe('trust-root-2.json', () => {
  interface Case {
    name: string
    after: number
    envelope: string
  }
  const vectors = read<{
    first: { envelope: string; fingerprint: string; digest: string }
    accepted: Case[]
    refused: (Case & { reason: RefusalReason })[]
    nameKey: string
    names: { kind: NameKind; name: string; opening: string; pseudonym: string }[]
  }>('trust-root-2.json')
  const { fingerprint, digest } = vectors.first
  const anchor = { root: Buffer.from(vectors.first.envelope), fingerprint }
  const chain = chainOf(
    anchor,
    vectors.accepted.map(({ envelope }) => Buffer.from(envelope)),
  )

  it('is a chain from the first root', () => {
    expect(chain.map(({ root }) => root.version)).toEqual([1, 2, 3])
    expect(chain[0]!.digest).toBe(digest)
    expect(verifyFirstRoot(anchor.root, rootFingerprintOf(chain[1]!.envelope))).toRefuse(
      'unknown_key',
    )
  })

  it.each(vectors.names)('hides the $kind $name', ({ kind, name, opening, pseudonym }) => {
    const nameKey = parseNameKey(vectors.nameKey)
    expect(encodeBase64url(nameOpeningOf(nameKey, kind, name))).toBe(opening)
    expect(pseudonymOf(nameKey, kind, name)).toBe(pseudonym)
  })

  it('shows the names of the first root', () => {
    const { root } = revealRoot(chain[0]!, parseNameKey(vectors.nameKey))
    expect(root.siteName).toBe('home')
    expect(root.keys.map(({ role, holder }) => `${role} ${holder}`)).toEqual([
      'root ann',
      'operator ann',
    ])
  })

  it.each(vectors.refused)('refuses: $name', ({ after, envelope, reason }) => {
    expect(verifyNextRoot(chain[after - 1]!.root, Buffer.from(envelope))).toRefuse(reason)
  })
})

describe('enrolment-code-2.json', () => {
  type Derived = 'redeemToken' | 'redeemHash' | 'sealKey' | 'proofKey' | 'rootFingerprint'
  const vectors = read<{
    rootPayload: string
    agent: Party
    cases: (Record<Derived | 'secret' | 'code' | 'possession' | 'codeProof', string> & {
      hubs: string[]
    })[]
    typed: { code: string; accepted: string[]; refused: { code: string; text: string }[] }
  }>('enrolment-code-2.json')
  const fingerprint = fingerprintOf(Buffer.from(vectors.rootPayload))

  it.each(vectors.cases)(
    'derives from $secret',
    ({ secret, hubs, code, possession, codeProof: proof, ...derived }) => {
      expect(makeEnrolmentCode(hex(secret), fingerprint, hubs)).toBe(code)
      const { sealKey, proofKey, hubs: read, ...texts } = parseEnrolmentCode(code)
      expect(read).toEqual(hubs)
      const keys = { sealKey: encodeBase64url(sealKey), proofKey: encodeBase64url(proofKey) }
      expect({ ...texts, ...keys }).toEqual(derived)
      expect(derived.rootFingerprint).toBe(fingerprint)
      const { signingKey, sealingKey } = vectors.agent
      expect(codeProof(proofKey, signingKey, sealingKey)).toBe(proof)
      const message = possessionMessage(derived.redeemToken)
      expect(
        verifySignature(parseSigningPublicKey(signingKey), message, decodeBase64url(possession)),
      ).toBe(true)
    },
  )

  it.each(vectors.typed.accepted)('reads %j', (typed) => {
    expect(parseEnrolmentCode(typed)).toEqual(parseEnrolmentCode(vectors.typed.code))
  })

  it.each(named(vectors.typed.refused))('refuses $shown', ({ text: typed, code }) => {
    expect(() => parseEnrolmentCode(typed)).toThrowCode(code)
  })
})

describe('publication.json', () => {
  const vectors = read<{
    publisher: Party
    bundle: string
    bundleDigest: string
    cases: { name: string; envelope: string; signed: boolean; holds: boolean }[]
  }>('publication.json')

  it.each(vectors.cases)('$name', ({ envelope, signed, holds }) => {
    const bytes = utf8(envelope)
    if (!signed) return expect(() => openPublication(bytes)).toThrowCode('ERR_PUBLICATION')
    const publication = openPublication(bytes)
    expect(publication.publisher.key).toBe(vectors.publisher.signingKey)
    const bundle = openBundle(utf8(vectors.bundle), vectors.bundleDigest)
    expect(publishes(publication, bundle, vectors.bundleDigest)).toBe(holds)
  })
})

describe('dpop.json', () => {
  const vectors = read<{
    thumbprint: string
    token: string
    tokenHash: string
    accepted: Record<'proof' | 'proofId' | 'method' | 'url' | 'nonce', string>[]
    refused: { why: string; proof: string }[]
  }>('dpop.json')

  it('names the token by its hash', () => {
    expect(accessTokenHash(vectors.token)).toBe(vectors.tokenHash)
  })

  it.each(vectors.accepted)('$proofId', ({ proof, proofId, method, url, nonce }) => {
    const { thumbprint, tokenHash } = vectors
    const request = { proofId, method, url, nonce, thumbprint, tokenHash }
    expect(readDpopProof(proof)).toEqual(request)
  })

  it.each(vectors.refused)('refuses $why', ({ proof }) => {
    expect(readDpopProof(proof)).toBeUndefined()
  })
})
