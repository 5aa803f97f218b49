// SPDX-License-Identifier: Apache-2.0
/**
 * Verifies a proof that `sallyport audit prove` wrote, or a log of `sallyport incident export`, with nothing but Node 20
 * or later: no package, no network, no key.
 *
 *   node sallyport-verify.mjs proof.json --root <fingerprint> [--json]
 *
 * The fingerprint is that of the first trust root in the proof, as `sallyport trust show` prints it. Whoever verifies
 * must have it from somewhere else than the proof. Exit code: 0 the proof holds, 1 it does not, 2 wrong usage.
 */
import { createHash, createHmac, createPublicKey, verify as verifyEd25519 } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const TYPE = (kind) => `application/vnd.sallyport.${kind}.v1+json`
const MAX_PROOF_BYTES = 256 * 1_024 * 1_024

/** Encodings of points that bind nobody: a signature under them says nothing. */
const WEAK_KEYS = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
])

/** A proof that does not hold. Its message says why, in one sentence. */
export class Invalid extends Error {}

/**
 * Verifies a proof against the fingerprint of its first trust root. Returns what is proven; throws `Invalid`.
 */
export function verifyProof(proof, fingerprint) {
  expect(proof?.format === 'sallyport-proof-1', 'this is not a proof of the form sallyport-proof-1')
  const roots = verifyRoots(proof.roots, fingerprint)
  const newest = roots.at(-1)
  const nameOf = verifyNames(proof.names)
  const agent = verifyRoster(proof.roster, newest)
  const result = verifyResult(proof.result, agent)
  const job = verifyJob(proof.job, result, { roots, nameOf })
  const log = verifyLog(proof.log, { agent, result, hubKey: proof.hubKey ?? null, newest })
  const need = needOf(job, log.entries, agent.name)
  const { job: signed, signers } = job
  const site = nameOf('site', newest.siteName) ?? newest.siteName
  const about = { site, rootVersion: newest.version, agent: agent.name }
  return { ...about, job: signed, signers, need, result: summaryOf(result), log }
}

/**
 * Verifies entries of a log: that all hashes make the head which the agent signed, and that each entry has its hash.
 */
export function verifyEntries(file, fingerprint) {
  expect(file?.format === 'sallyport-log-1', 'this is not a log of the form sallyport-log-1')
  const newest = verifyRoots(file.roots, fingerprint).at(-1)
  const nameOf = verifyNames(file.names)
  const { roster } = verifyRoster(file.roster, newest)
  const agent = roster.find(({ agentId }) => agentId === file.agentId)
  expect(agent !== undefined, 'the agent is not in the roster')
  const head = verifyHead(file.log.note, { agent, hubKey: file.hubKey ?? null, newest })
  const leaves = file.log.leafHashes.map(decode)
  expect(
    leaves.length === head.size,
    `there are ${leaves.length} hashes under a head of ${head.size}`,
  )
  expect(
    leaves.every((leaf) => leaf.length === 32) && rootOf(leaves).equals(head.root),
    'the hashes are not those that the agent signed',
  )
  const seen = new Set()
  const entries = file.log.entries.map(({ index, bytes }) => {
    const raw = decode(bytes)
    expect(!seen.has(index), `entry ${index} is there twice`)
    seen.add(index)
    expect(leaves[index]?.equals(hash(0, raw)), `entry ${index} is not the one that was signed`)
    return entryOf(raw, index)
  })
  const log = { size: head.size, head: head.root.toString('hex'), witness: head.witness, entries }
  const site = nameOf('site', newest.siteName) ?? newest.siteName
  return { site, rootVersion: newest.version, agent: agent.name, log }
}

/** Source: RFC 6962, section 2.1. */
function rootOf(leaves) {
  if (leaves.length === 0) return sha256(Buffer.alloc(0))
  let level = leaves
  // Pairs from the left, and an odd one goes up as it is: the same tree as by splitting at powers of two.
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) =>
      level[2 * at + 1] === undefined ? level[2 * at] : hash(1, level[2 * at], level[2 * at + 1]),
    )
  }
  return level[0]
}

/** The chain of trust roots: the first by its fingerprint, each later one by the one before. */
function verifyRoots(envelopes, fingerprint) {
  expect(Array.isArray(envelopes) && envelopes.length > 0, 'the proof has no trust root')
  const roots = []
  for (const envelope of envelopes) {
    const { document, payload } = read(envelope, 'trust-root')
    const before = roots.at(-1)
    if (before === undefined) {
      const own = sha256(payload).subarray(0, 16).toString('base64url')
      expect(
        own === fingerprint,
        `the first trust root has the fingerprint ${own}, not ${fingerprint}`,
      )
    } else {
      expect(
        document.version === before.version + 1,
        `trust root ${document.version} does not follow ${before.version}`,
      )
      expect(document.siteId === before.siteId, 'a trust root is of another site')
      expectRootHolders(envelope, before)
    }
    expectRootHolders(envelope, document)
    roots.push(document)
  }
  return roots
}

/**
 * The names behind pseudonyms of the roots, which alone are signed: each counts with the opening that makes its pseudonym,
 * so that nobody who hands a proof on can give a key to another person. What has no opening is shown as it was signed.
 */
function verifyNames(names) {
  expect(Array.isArray(names), 'the names in the proof have no form')
  const known = new Map()
  for (const each of names) {
    const { kind, name, opening } = each ?? {}
    expect(
      ['site', 'holder', 'concern'].includes(kind) && typeof name === 'string',
      'a name in the proof has no form',
    )
    const key = decode(opening)
    expect(key.length === 16, 'the opening of a name has another size')
    const hidden = createHmac('sha256', key).update(`sallyport name v1\n${kind}\n${name}`).digest()
    known.set(`${kind} ${hidden.subarray(0, 16).toString('hex')}`, name)
  }
  return (kind, pseudonym) => known.get(`${kind} ${pseudonym}`)
}

function expectRootHolders(envelope, by) {
  const have = new Set(signersOf(envelope, 'trust-root', by, ['root']).map(({ holder }) => holder))
    .size
  expect(
    have >= by.rootThreshold,
    `trust root ${by.version} asks for ${by.rootThreshold} holders of root keys; ${have} signed`,
  )
}

/** The agent's key: an operator of the site vouches for it. */
function verifyRoster(envelope, root) {
  const { document } = read(envelope, 'roster')
  const signers = signersOf(envelope, 'roster', root, ['operator'])
  expect(signers.length > 0, 'no operator of the site signed the roster of agents')
  expect(document.siteId === root.siteId, 'the roster is of another site')
  return { roster: document.agents, siteId: root.siteId }
}

function verifyResult(envelope, known) {
  const { document } = read(envelope, 'result')
  const agent = known.roster.find(({ agentId }) => agentId === document.agentId)
  expect(agent !== undefined, 'the agent that answered is not in the roster')
  expect(document.siteId === known.siteId, 'the result is of another site')
  const message = paeOf(envelope)
  const isSigned = envelope.signatures.some(({ sig }) =>
    isSignature(agent.signingKey, message, sig),
  )
  expect(isSigned, `the result is not signed by ${agent.name}`)
  Object.assign(known, agent)
  return document
}

/** The job: who signed it, and that this is what the result answers. */
function verifyJob(envelope, result, { roots, nameOf }) {
  if (envelope === null) return { job: null, signers: [], root: null }
  const { document, payload } = read(envelope, 'job')
  const digest = `sha256:${sha256(payload).toString('hex')}`
  expect(
    result.jobId === document.jobId && result.jobDigest === digest,
    'the result answers another job',
  )
  expect(result.agentId === document.agentId, 'the job is for another agent')
  const root = roots.findLast(({ issuedAt }) => issuedAt <= document.issuedAt) ?? roots[0]
  const signers = signersOf(envelope, 'job', root, ['operator', 'customer']).filter(
    ({ notAfter }) => notAfter > document.issuedAt,
  )
  expect(signers.length > 0, 'nobody of the site signed the job')
  const { jobId, jobType, input, step, plan, issuedAt, expiresAt } = document
  return {
    job: { jobId, jobType, input, step, plan, issuedAt, expiresAt, digest },
    signers: signers.map(({ holder, role, concerns }) => ({
      holder: nameOf('holder', holder) ?? holder,
      role,
      concerns: concerns.flatMap((concern) => nameOf('concern', concern) ?? []),
    })),
    root,
  }
}

/** How many had to sign, by the effect that the agent recorded when it admitted the job. Each holder counts once. */
function needOf({ job, signers, root }, entries, agentName) {
  const admitted = entries.find(
    ({ event, jobId }) => event === 'job.admitted' && jobId === job?.jobId,
  )
  if (job === null || admitted === undefined) return null
  const effect = job.step === 'plan' ? 'read' : admitted.details.effect
  const [best] = root.thresholds
    .filter((each) => each.effect === effect && matches(each.jobTypes, job.jobType))
    .sort((a, b) => b.jobTypes.length - a.jobTypes.length)
  const need = { effect, operators: best?.operators ?? 1, customers: best?.customers ?? 0 }
  const operators = holdersOf(signers, 'operator', () => true)
  expectSigned('operator', need.operators, operators, effect)
  expectSigned(
    'customer',
    need.customers,
    countCustomers(signers, admitted.about ?? [], agentName),
    effect,
  )
  return need
}

/** Of each guest the job is about, the customers whom it concerns; a job about none is the affair of the whole agent. */
function countCustomers(signers, about, agentName) {
  const whole = `agent/${agentName}`
  const concerned = (things) =>
    holdersOf(signers, 'customer', ({ concerns }) =>
      things.some((thing) => concerns.includes(thing)),
    )
  const guests = about.filter((thing) => thing.startsWith('guest/'))
  if (guests.length === 0) return concerned([whole])
  return Math.min(...guests.map((guest) => concerned([guest, whole])))
}

function holdersOf(signers, role, isMeant) {
  return new Set(
    signers.filter((each) => each.role === role && isMeant(each)).map(({ holder }) => holder),
  ).size
}

function expectSigned(role, wanted, have, effect) {
  expect(have >= wanted, `the trust root asks for ${wanted} ${role}s to ${effect}; ${have} signed`)
}

function matches(pattern, jobType) {
  return pattern.endsWith('*') ? jobType.startsWith(pattern.slice(0, -1)) : pattern === jobType
}

/** The log: each entry is under a head that the agent signed, and that the hub saw, if it did. */
function verifyLog(log, { agent, result, hubKey, newest }) {
  const { size, root, witness } = verifyHead(log.note, { agent, hubKey, newest })
  const entries = log.entries.map(({ index, bytes, path }) => {
    const raw = decode(bytes)
    const isIncluded = includes({ leaf: hash(0, raw), index, size, path: path.map(decode), root })
    expect(isIncluded, `entry ${index} is not under the head of the log`)
    return entryOf(raw, index)
  })
  const own = entries.find((entry) => entry.index === result.audit.index)
  expect(
    own !== undefined && own.envelopeId === result.envelopeId,
    'the entry that the result is proven by is not here',
  )
  return { size, head: root.toString('hex'), witness, entries }
}

/** The head of a log, signed by its agent. */
function verifyHead(note, { agent, hubKey, newest }) {
  const { text, signatures } = readNote(note)
  const [origin, size, root] = text.split('\n')
  const ownOrigin = `sallyport/agent/${agent.agentId}`
  expect(
    origin === ownOrigin || new RegExp(`^${ownOrigin}/[1-9][0-9]*$`).test(origin),
    'the head is of another log',
  )
  expect(
    isNoteSignedBy(text, signatures, origin, agent.signingKey),
    `the head of the log is not signed by ${agent.name}`,
  )
  const witness = witnessOf(text, signatures, hubKey, newest)
  return { size: Number(size), root: Buffer.from(root, 'base64'), witness }
}

function entryOf(raw, index) {
  const entry = readJson(raw, `entry ${index}`)
  expect(entry.index === index, `entry ${index} says that it is entry ${entry.index}`)
  return entry
}

/** Source: C2SP tlog-cosignature v1, "Ed25519 signed message". */
function witnessOf(text, signatures, hubKey, root) {
  if (hubKey === null) return null
  const name = 'sallyport/hub'
  const key = decode(hubKey)
  const keyHash = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(4), key])).subarray(
    0,
    4,
  )
  const line = signatures.find((each) => each.name === name && each.keyHash.equals(keyHash))
  if (line === undefined) return null
  const time = line.signature.readBigUInt64BE()
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)
  const isSigned = isSignature(hubKey, message, line.signature.subarray(8).toString('base64url'))
  expect(isSigned, 'the signature of the hub on the head does not hold')
  const isNamed = root.keys.some(({ role, signingKey }) => role === 'hub' && signingKey === hubKey)
  return { at: new Date(Number(time) * 1_000).toISOString(), isNamedByRoot: isNamed }
}

function summaryOf({
  state,
  output,
  refusal,
  failure,
  verification,
  plugin,
  receivedAt,
  finishedAt,
}) {
  return { state, output, refusal, failure, verification, plugin, receivedAt, finishedAt }
}

/** Keys of a root in one of these roles whose signature over the envelope holds, each once. */
function signersOf(envelope, kind, root, roles) {
  expect(envelope.payloadType === TYPE(kind), `this is no ${kind}`)
  const message = paeOf(envelope)
  return root.keys.filter(
    ({ role, signingKey }) =>
      roles.includes(role) &&
      envelope.signatures.some(({ sig }) => isSignature(signingKey, message, sig)),
  )
}

/** A document without any word about its signatures. */
function read(envelope, kind) {
  expect(
    typeof envelope?.payload === 'string' && Array.isArray(envelope.signatures),
    `there is no ${kind} in the proof`,
  )
  expect(envelope.payloadType === TYPE(kind), `this is no ${kind}`)
  const payload = decode(envelope.payload)
  return { payload, document: readJson(payload, kind) }
}

/** Source: DSSE v1.0.2, "Signature Definition". */
function paeOf({ payloadType, payload }) {
  const bytes = decode(payload)
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${bytes.length} `
  return Buffer.concat([Buffer.from(head), bytes])
}

function isSignature(key, message, signature) {
  const raw = decode(key)
  if (raw.length !== 32 || WEAK_KEYS.has(raw.toString('hex'))) return false
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })
  const bytes = decode(signature)
  return bytes.length === 64 && verifyEd25519(null, message, publicKey, bytes)
}

/** Source: C2SP signed-note, "Format". */
function readNote(note) {
  const blank = typeof note === 'string' ? note.lastIndexOf('\n\n') : -1
  expect(blank >= 0 && note.endsWith('\n'), 'the head of the log has no form')
  const signatures = note
    .slice(blank + 2, -1)
    .split('\n')
    .map((line) => {
      const [, name, encoded] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? []
      expect(name !== undefined, 'a signature of the head has no form')
      const blob = Buffer.from(encoded, 'base64')
      return { name, keyHash: blob.subarray(0, 4), signature: blob.subarray(4) }
    })
  return { text: note.slice(0, blank + 1), signatures }
}

function isNoteSignedBy(text, signatures, name, key) {
  const keyHash = sha256(
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(1), decode(key)]),
  ).subarray(0, 4)
  return signatures.some(
    (each) =>
      each.name === name &&
      each.keyHash.equals(keyHash) &&
      isSignature(key, Buffer.from(text), each.signature.toString('base64url')),
  )
}

/** Source: RFC 9162, section 2.1.3.2. */
function includes({ leaf, index, size, path, root }) {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    return false
  let [position, last, at] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      at = hash(1, sibling, at)
      while (position % 2 === 0 && position !== 0)
        [position, last] = [position / 2, Math.floor(last / 2)]
    } else {
      at = hash(1, at, sibling)
    }
    ;[position, last] = [Math.floor(position / 2), Math.floor(last / 2)]
  }
  return last === 0 && at.equals(root)
}

/** Source: RFC 6962, section 2.1. */
function hash(prefix, ...parts) {
  return sha256(Buffer.concat([Buffer.of(prefix), ...parts]))
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest()
}

/** Only the one spelling of base64url. */
function decode(text) {
  const bytes = Buffer.from(String(text), 'base64url')
  expect(
    typeof text === 'string' && bytes.toString('base64url') === text,
    'a text is not base64url',
  )
  return bytes
}

/** Why compared with its canonical form: a member that stands twice would be read in two ways. */
function readJson(bytes, what) {
  let value
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    throw new Invalid(`${what} is not JSON`)
  }
  expect(Buffer.from(canonical(value)).equals(bytes), `${what} is not canonical JSON`)
  return value
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)
  return `{${members.join(',')}}`
}

function expect(holds, why) {
  if (!holds) throw new Invalid(why)
}

function counted(count, noun, plural = `${noun}s`) {
  return `${count} ${count === 1 ? noun : plural}`
}

/** What is proven, for a person. Control characters are shown by number. */
export function describe(proven) {
  return harmless((proven.result === undefined ? linesOfLog : linesOfJob)(proven).join('\n'))
}

function linesOfLog({ site, rootVersion, agent, log }) {
  const { size, entries } = log
  return [
    `The log of ${agent} holds, under trust root ${rootVersion} of site ${site}: ${counted(size, 'hash', 'hashes')} make the head it signed,`,
    `and these ${counted(entries.length, 'entry', 'entries')} are among them:`,
    ...entries.map(lineOf),
    '',
    witnessLine(log.witness),
  ]
}

function lineOf({ index, at, event, envelopeId }) {
  return `  ${String(index).padStart(8)}  ${at}  ${event}${envelopeId === undefined ? '' : `  ${envelopeId}`}`
}

function witnessLine(witness) {
  if (witness === null) return 'No hub has signed this head.'
  return `The hub saw this head at ${witness.at}${witness.isNamedByRoot ? '' : '; its key is not in the trust root'}.`
}

function harmless(text) {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, '0')}`,
  )
}

function linesOfJob(proven) {
  const { job, signers, need, result, log, agent, site } = proven
  const by = signers.map(({ holder, role }) => `${holder} (${role})`).join(', ')
  return [
    `The proof holds, under trust root ${proven.rootVersion} of site ${site}.`,
    '',
    ...(job === null
      ? ['Run by the agent itself, for a schedule.']
      : [
          `job       ${job.jobType} on ${agent}, ${job.jobId}`,
          `input     ${JSON.stringify(job.input)}`,
          `signed    ${by}, at ${job.issuedAt}`,
          ...(need === null
            ? []
            : [
                `needed    ${counted(need.operators, 'operator')} and ${counted(need.customers, 'customer')}, to ${need.effect}`,
              ]),
          ...(job.plan === null
            ? []
            : job.plan.changes.map(
                ({ op, what, from, to }) =>
                  `planned   ${op} ${what}${from === undefined ? '' : `: ${from} -> ${to}`}`,
              )),
        ]),
    `ended     ${result.state}${result.refusal ? ` (${result.refusal.reason})` : ''}${result.verification ? `, ${result.verification.verdict}: ${result.verification.message}` : ''}, at ${result.finishedAt}`,
    '',
    `These entries are in the log of ${agent}, under its head of ${log.size} entries:`,
    ...log.entries.map(({ index, at, event }) => `  ${String(index).padStart(8)}  ${at}  ${event}`),
    '',
    witnessLine(log.witness),
  ]
}

function main(args) {
  const isJson = args.includes('--json')
  const rootAt = args.indexOf('--root')
  const [file, ...rest] = args.filter(
    (arg, at) => arg !== '--json' && at !== rootAt && (rootAt < 0 || at !== rootAt + 1),
  )
  if (file === undefined || rest.length > 0 || rootAt < 0 || args[rootAt + 1] === undefined) {
    console.error('usage: node sallyport-verify.mjs <proof> --root <fingerprint> [--json]')
    return 2
  }
  try {
    const bytes = readFileSync(file)
    expect(bytes.length <= MAX_PROOF_BYTES, 'the proof is too large')
    const content = JSON.parse(bytes.toString('utf8'))
    const verify = content?.format === 'sallyport-log-1' ? verifyEntries : verifyProof
    const proven = verify(content, args[rootAt + 1])
    console.log(
      isJson
        ? JSON.stringify({ format: 'sallyport.proof-verdict/1', holds: true, ...proven })
        : describe(proven),
    )
    return 0
  } catch (error) {
    const why = error instanceof Invalid ? error.message : `it cannot be read: ${error.message}`
    if (isJson)
      console.log(JSON.stringify({ format: 'sallyport.proof-verdict/1', holds: false, why }))
    else console.error(`The proof does not hold: ${why}.`)
    return 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main(process.argv.slice(2))
}
