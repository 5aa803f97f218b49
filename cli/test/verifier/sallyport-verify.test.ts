// SPDX-License-Identifier: Apache-2.0
/** The published verifier: it believes a fingerprint and nothing else, and finds every byte that was changed. */
import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AuditLog, auditOrigin, cosignCheckpoint, leafHash } from '@sallyport/core/audit'
import {
  addSignature,
  digestOf,
  foundSite,
  makeIdentity,
  makeSigningKey,
  nameOpeningOf,
  openRoot,
  publicIdentity,
  revealRoot,
  rootFingerprintOf,
  signDocument,
  signRoot,
} from '@sallyport/core/crypto'
import type { Identity, NameKind } from '@sallyport/core/crypto'
import {
  THRESHOLD_PROFILES,
  decodeBase64url,
  documents,
  encodeBase64url,
  instantOf,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { Job, Result, RootKey } from '@sallyport/core/protocol'
import { afterAll, describe, expect, it } from '@jest/globals'
import { MemoryStore } from '../support/site.ts'

const VERIFIER = fileURLToPath(new URL('../../verifier/sallyport-verify.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-verifier-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NOW_MS = Date.parse('2026-11-22T08:00:00.000Z')
const YEAR_MS = 366 * 86_400_000
const at = (ms: number): string => instantOf(NOW_MS + ms)
const who = (name: string): Identity => makeIdentity(name, randomBytes(64))
const [ann, ben, acme, pve1] = [who('ann'), who('ben'), who('acme'), who('pve1')]
const [rootKey, hubKey] = [makeSigningKey(randomBytes(32)), makeSigningKey(randomBytes(32))]
const [siteId, agentId, jobId] = [randomUUIDv7(), randomUUIDv7(), randomUUIDv7()]

interface Envelope {
  payloadType: string
  payload: string
  signatures: { keyid: string; sig: string }[]
}
interface Proof {
  format: string
  roots: Envelope[]
  names: { kind: string; name: string; opening: string }[]
  roster: Envelope
  job: Envelope
  result: Envelope
  hubKey: string | null
  log: { note: string; entries: { index: number; bytes: string; path: string[] }[] }
}

const plain = (envelope: Uint8Array): Envelope => JSON.parse(Buffer.from(envelope).toString())
const fingerprint = (): string => rootFingerprintOf(first)

const { root: first, nameKey } = foundSite({
  siteId,
  siteName: 'home',
  operator: publicIdentity(ann),
  rootKeys: [rootKey],
  thresholds: THRESHOLD_PROFILES.msp,
  policyText: '',
  nowMs: NOW_MS,
  expiresAtMs: NOW_MS + YEAR_MS,
  random: randomBytes,
})

const shown = (kind: NameKind, name: string) => ({
  kind,
  name,
  opening: encodeBase64url(nameOpeningOf(nameKey, kind, name)),
})

function second(): Uint8Array {
  const { root } = revealRoot(openRoot(first), nameKey)
  const key = (identity: Identity, role: RootKey['role']): RootKey => ({
    holder: identity.name,
    role,
    signingKey: encodeBase64url(identity.signing.publicKey),
    sealingKey: null,
    notAfter: at(YEAR_MS),
    concerns: [],
  })
  const hub: RootKey = { ...key(ann, 'hub'), signingKey: encodeBase64url(hubKey.publicKey) }
  const keys = [...root.keys, key(ben, 'operator'), key(acme, 'customer'), hub]
  const issuedAt = at(1)
  const next = { ...root, version: 2, keys, issuedAt }
  return signRoot(next, [rootKey], { nameKey, random: randomBytes })
}

const job: Job = {
  jobId,
  siteId,
  agentId,
  jobType: 'proxmox/guest.delete',
  input: { node: 'a', vmid: 102 },
  requestedBy: ann.signing.keyId,
  step: 'run',
  plan: { changes: [{ op: 'remove', what: 'guest 102 "photos"\u001b[2J' }], state: {} },
  issuedAt: at(1_000),
  notBefore: at(1_000),
  expiresAt: at(60_000),
  readers: [encodeBase64url(ann.sealing.publicKey)],
}

/** A proof that holds; the job is signed by these. */
function makeProof(signers: readonly Identity[] = [ann, ben]): Proof {
  const [requester, ...others] = signers
  let signed = signDocument(documents.job, job, requester!.signing)
  for (const { signing } of others) signed = addSignature(parseEnvelope(signed, 200_000), signing)
  const log = new AuditLog(new MemoryStore(), auditOrigin(agentId), pve1.signing)
  const about = { jobId, envelopeId: jobId }
  log.append([{ event: 'agent.started', details: {} }], NOW_MS)
  const [admitted] = log.append(
    [
      {
        event: 'job.admitted',
        ...about,
        about: ['guest/102', 'node/a'],
        details: { effect: 'destroy' },
      },
    ],
    NOW_MS + 2_000,
  )
  const [finished] = log.append([{ event: 'run.finished', ...about, details: {} }], NOW_MS + 3_000)
  const audit = log.prove(finished!.index)
  const result: Result = {
    resultId: randomUUIDv7(),
    siteId,
    agentId,
    jobId,
    envelopeId: jobId,
    jobDigest: digestOf(parseEnvelope(signed, 200_000).payload),
    jobType: job.jobType,
    state: 'done',
    output: { changed: true },
    verification: { verdict: 'verified', message: 'there is no guest 102' },
    checksPassedCount: 13,
    handlesUsed: ['pve'],
    receivedAt: at(2_000),
    finishedAt: at(3_000),
    stepsMs: { open: 1, admit: 1, journal: 1, run: 1, record: 1 },
    audit,
    readers: job.readers,
  }
  const { name, signingKey, sealingKey } = publicIdentity(pve1)
  const agents = [{ agentId, name, signingKey, sealingKey }]
  const issuedAt = at(1)
  const roster = { rosterId: randomUUIDv7(), siteId, agents, issuedAt, readers: job.readers }
  return {
    format: 'sallyport-proof-1',
    roots: [plain(first), plain(second())],
    names: [shown('site', 'home'), shown('holder', 'ann'), shown('holder', 'ben')],
    roster: plain(signDocument(documents.roster, roster, ann.signing)),
    job: plain(signed),
    result: plain(signDocument(documents.result, result, pve1.signing)),
    hubKey: encodeBase64url(hubKey.publicKey),
    log: {
      note: cosignCheckpoint(audit.checkpoint, { key: hubKey, atMs: NOW_MS + 4_000 }),
      entries: [admitted!.index, finished!.index].map((index) => {
        const { entry, path } = log.prove(index)
        return { index, bytes: entry, path }
      }),
    },
  }
}

function verify(proof: unknown, root = fingerprint(), ...flags: string[]) {
  const file = join(folder, 'proof.json')
  writeFileSync(file, JSON.stringify(proof))
  try {
    const args = [VERIFIER, file, '--root', root, ...flags]
    return { code: 0, text: execFileSync(process.execPath, args, { stdio: 'pipe' }).toString() }
  } catch (error) {
    const { status, stderr, stdout } = error as { status: number; stderr: Buffer; stdout: Buffer }
    return { code: status, text: `${stdout}${stderr}` }
  }
}

const reason = (proof: unknown): string => {
  const { code, text } = verify(proof, fingerprint(), '--json')
  expect(code).toBe(1)
  return (JSON.parse(text) as { holds: false; why: string }).why
}

/** The proof with the document in an envelope changed, its signatures left. */
function edited(name: 'job' | 'result' | 'roster', from: string, to: string): Proof {
  const proof = makeProof()
  const text = Buffer.from(proof[name].payload, 'base64url').toString()
  expect(text).toContain(from)
  proof[name].payload = Buffer.from(text.replace(from, to)).toString('base64url')
  return proof
}

describe('the verifier', () => {
  it('says what a proof proves: who signed what, how it ended, and where that stands', () => {
    const { code, text } = verify(makeProof())
    expect(text).toContain('under trust root 2 of site home')
    expect(text).toContain('job       proxmox/guest.delete on pve1')
    expect(text).toContain('signed    ann (operator), ben (operator), at 2026-11-22T08:00:01.000Z')
    expect(text).toContain('needed    2 operators and 0 customers, to destroy')
    expect(text).toContain('planned   remove guest 102 "photos"\\u001b[2J')
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect(text).toContain('ended     done, verified: there is no guest 102')
    expect(text).toMatch(/1 {2}2026-11-22T08:00:02.000Z {2}job.admitted/)
    expect(text).toContain('The hub saw this head at 2026-11-22T08:00:04.000Z.')
    expect(code).toBe(0)
  })

  it('believes no other fingerprint', () => {
    expect(verify(makeProof(), 'AAAAAAAAAAAAAAAAAAAAAA')).toMatchObject({ code: 1 })
  })

  it('counts the people who signed', () => {
    expect(reason(makeProof([ann]))).toBe(
      'the trust root asks for 2 operators to destroy; 1 signed',
    )
    expect(reason(makeProof([ann, acme]))).toMatch('asks for 2 operators')
    expect(reason(makeProof([pve1]))).toBe('nobody of the site signed the job')
  })

  it.each([
    ['the guest in the job', edited('job', '"vmid":102', '"vmid":103'), 'another job'],
    ['the output', edited('result', '"changed":true', '"changed":null'), 'not signed by pve1'],
    ['the key in the roster', edited('roster', '"pve1"', '"pve2"'), 'signed the roster'],
    ['a member named twice', edited('job', '"vmid":102', '"vmid":102,"vmid":102'), 'canonical'],
  ])('finds %s changed', (_, proof, why) => {
    expect(reason(proof)).toMatch(why)
  })

  it.each<[string, (proof: Proof) => void, string]>([
    [
      'an entry was changed',
      ({ log }) => void (log.entries[0]!.bytes = 'e30'),
      'not under the head',
    ],
    [
      'an entry has another index',
      ({ log }) => void (log.entries[0]!.index = 0),
      'not under the head',
    ],
    ['the entry of the result is missing', ({ log }) => void log.entries.pop(), 'is not here'],
    [
      'the head was changed',
      ({ log }) => void (log.note = log.note.replace('\n3\n', '\n4\n')),
      'not signed by pve1',
    ],
    [
      'the time of the hub was changed',
      ({ log }) => void (log.note = moved(log.note)),
      'signature of the hub',
    ],
    ['a root is left out', (proof) => void proof.roots.shift(), 'fingerprint'],
    ['roots stand in another order', (proof) => void proof.roots.reverse(), 'fingerprint'],
    [
      'a root is signed by nobody',
      (proof) => void (proof.roots[1]!.signatures[0]!.sig = 'A'.repeat(86)),
      'asks for 1',
    ],
    ['the result is missing', (proof) => void (proof.result = null as never), 'no result'],
    ['it is of another form', (proof) => void (proof.format = 'x'), 'not a proof'],
  ])('finds that %s', (_, change, why) => {
    const proof = makeProof()
    change(proof)
    expect(reason(proof)).toMatch(why)
  })

  it('shows a name only where its opening makes the pseudonym that was signed', () => {
    const proof = makeProof()
    const ben = proof.names.find(({ name }) => name === 'ben')!
    ben.name = 'eve'
    const { code, text } = verify(proof)
    expect(code).toBe(0)
    expect(text).not.toContain('eve')
    expect(text).toMatch(/signed {4}ann \(operator\), [0-9a-f]{32} \(operator\)/)
  })

  it('shows what has no opening as it was signed, and asks for a list all the same', () => {
    const { text } = verify({ ...makeProof(), names: [] })
    expect(text).toMatch(/of site [0-9a-f]{32}\./)
    expect(reason({ ...makeProof(), names: undefined })).toMatch('the names in the proof')
    const opening = encodeBase64url(randomBytes(17))
    const names = [{ kind: 'site', name: 'home', opening }]
    expect(reason({ ...makeProof(), names })).toMatch('opening of a name')
    expect(reason({ ...makeProof(), names: [{ kind: 'x', name: 'home', opening }] })).toMatch(
      'form',
    )
  })

  it('asks for what it needs, and says what it cannot read', () => {
    expect(() => execFileSync(process.execPath, [VERIFIER], { stdio: 'pipe' })).toThrow(/usage/)
    expect(verify('nothing')).toMatchObject({ code: 1 })
  })
})

/** A log of five entries, of which four may be read. */
function makeLog() {
  const log = new AuditLog(new MemoryStore(), auditOrigin(agentId), pve1.signing)
  const events = ['agent.started', 'job.admitted', 'run.finished', 'hub.doubted', 'agent.stopped']
  for (const event of events as 'agent.started'[]) log.append([{ event, details: {} }], NOW_MS)
  const { name, signingKey, sealingKey } = publicIdentity(pve1)
  const agents = [{ agentId, name, signingKey, sealingKey }]
  const roster = { rosterId: jobId, siteId, agents, issuedAt: at(1), readers: job.readers }
  const proofs = events.map((_, index) => log.prove(index))
  return {
    format: 'sallyport-log-1',
    roots: [plain(first), plain(second())],
    names: [shown('site', 'home')],
    roster: plain(signDocument(documents.roster, roster, ann.signing)),
    agentId,
    hubKey: encodeBase64url(hubKey.publicKey),
    log: {
      note: cosignCheckpoint(proofs[0]!.checkpoint, { key: hubKey, atMs: NOW_MS + 4_000 }),
      leafHashes: proofs.map(({ entry }) => encodeBase64url(leafHash(decodeBase64url(entry)))),
      entries: proofs.map(({ entry }, index) => ({ index, bytes: entry })).toSpliced(2, 1),
    },
  }
}

describe('the verifier of a log', () => {
  it('says that these entries are among those that the agent signed', () => {
    const { code, text } = verify(makeLog())
    expect(text).toContain('5 hashes make the head it signed')
    expect(text).toContain('these 4 entries are among them')
    expect(text).toMatch(/3 {2}2026-11-22T08:00:00.000Z {2}hub.doubted/)
    expect(text).toContain('The hub saw this head at 2026-11-22T08:00:04.000Z.')
    expect(code).toBe(0)
    expect(verify(makeLog(), 'AAAAAAAAAAAAAAAAAAAAAA')).toMatchObject({ code: 1 })
  })

  it.each<[string, (file: ReturnType<typeof makeLog>) => void, string]>([
    ['an entry was changed', ({ log }) => void (log.entries[1]!.bytes = 'e30'), 'entry 1 is not'],
    ['two entries were swapped', ({ log }) => void swap(log.entries), 'entry 0 is not'],
    ['an entry is there twice', ({ log }) => void log.entries.push(log.entries[0]!), 'twice'],
    [
      'an entry was put in',
      ({ log }) => void log.entries.push({ index: 5, bytes: 'e30' }),
      'entry 5',
    ],
    ['a hash was left out', ({ log }) => void log.leafHashes.pop(), '4 hashes under a head of 5'],
    ['hashes were swapped', ({ log }) => void log.leafHashes.reverse(), 'not those that the agent'],
    ['the head is of another agent', (file) => void (file.agentId = siteId), 'not in the roster'],
    [
      'the head was changed',
      ({ log }) => void (log.note = log.note.replace('\n5\n', '\n6\n')),
      'not signed',
    ],
    ['a root is signed by nobody', (file) => void file.roots[1]!.signatures.pop(), 'asks for 1'],
    ['nobody vouches for the agent', (file) => void file.roster.signatures.pop(), 'no operator'],
  ])('finds that %s', (_, change, why) => {
    const file = makeLog()
    change(file)
    expect(reason(file)).toContain(why)
  })
})

function swap(entries: { bytes: string }[]): void {
  const [a, b] = entries as [{ bytes: string }, { bytes: string }]
  ;[a.bytes, b.bytes] = [b.bytes, a.bytes]
}

/** The note with another time in the hub's signature. */
function moved(note: string): string {
  return note.replace(/(sallyport\/hub )(\S+)/, (_all, name: string, encoded: string) => {
    const blob = Buffer.from(encoded, 'base64')
    blob[11] = blob[11]! ^ 1
    return `${name}${blob.toString('base64')}`
  })
}
