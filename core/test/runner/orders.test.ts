// SPDX-License-Identifier: Apache-2.0
/** Revocations, releases, pins and upgrades over a real journal: what they change, for how long, and what does not wait. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAuditEntry, verifyAuditLog } from '../../src/audit/index.ts'
import { digestOf, makeBundle, signDocument, type Identity } from '../../src/crypto/index.ts'
import type { RunOutcome, RunRequest } from '../../src/plugins/ports.ts'
import {
  documents,
  encodeBase64url,
  instantOf,
  type Approval,
  type HubRestoration,
  type Revocation,
} from '../../src/protocol/index.ts'
import {
  MINUTE,
  NOW,
  PINNED,
  agent,
  bundle,
  hubKey,
  makeApproval,
  makeId,
  makeJob,
  makePin,
  makeRelease,
  makeRestoration,
  makeRevocation,
  manifest,
  operator,
  otherPublisher,
  publicationOf,
  publisher,
  signJob,
  stranger,
} from '../support/site.ts'
import type { StandingPin } from '../../src/admission/index.ts'
import type { BindingPins } from '../../src/runner/index.ts'
import { Bench, ORIGIN } from './bench.ts'

const DIGEST = digestOf(bundle)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-orders-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const revoke = (changes: Partial<Revocation> = {}) =>
  signDocument(documents.revocation, makeRevocation(changes), operator.signing)
const release = (changes = {}) =>
  signDocument(documents.quarantineRelease, makeRelease(changes), operator.signing)
const approve = (changes: Partial<Approval> = {}) =>
  signDocument(documents.approval, makeApproval(changes), operator.signing)

/** Delivers and opens the answer. */
async function ask(bench: Bench, envelope: Uint8Array) {
  return bench.answerTo(await bench.deliver(envelope))
}

/** An approval of another version of the plugin, whose bundle the hub has then. */
function version(
  bench: Bench,
  text: string,
  { by = publisher, ...changes }: Partial<Approval> & { by?: Identity } = {},
): Uint8Array {
  const bytes = makeBundle({ ...manifest, version: text }, { 'plugin.mjs': '', 'licenses.txt': '' })
  bench.bundleAtHub = bytes
  const plugin = { name: 'sensors', version: text, digest: digestOf(bytes) }
  const named = { name: by.name, key: encodeBase64url(by.signing.publicKey) }
  return approve({ plugin, publisher: named, publication: publicationOf(bytes, by), ...changes })
}

describe('a revocation', () => {
  it('is answered, recorded, kept, and stops what runs', async () => {
    using bench = new Bench(folder)
    await bench.deliver(approve())
    const revocation = makeRevocation()
    const signed = signDocument(documents.revocation, revocation, operator.signing)
    const { revocationId } = revocation
    const plugins = [{ name: 'sensors', version: '1.0.0', digest: DIGEST }]
    expect(await ask(bench, signed)).toMatchObject({
      state: 'done',
      jobId: null,
      output: { revocationId, plugins },
    })
    expect(bench.stopped).toEqual([{ digest: DIGEST, code: 'ERR_PLUGIN_REVOKED' }])
    expect(bench.events()).toEqual(['approval.accepted', 'revocation.accepted'])
    expect(verifyAuditLog(bench.store.audit, ORIGIN, agent.signing.publicKey).ok).toBe(true)
  })

  it.each([
    ['the plugin', { plugin: 'sensors' }],
    ['the bundle', { digest: DIGEST }],
    ['the publisher', { publisherKey: makeApproval().publisher.key }],
  ])('of %s refuses every further job, also after a restart', async (_what, subject) => {
    using first = new Bench(folder)
    await first.deliver(approve())
    expect(await ask(first, signJob())).toMatchObject({ state: 'done' })
    await first.deliver(revoke({ subject }))
    expect(await ask(first, signJob())).toMatchObject({ refusal: { reason: 'revoked' } })
    first.store[Symbol.dispose]()
    using second = new Bench(folder)
    expect(await ask(second, signJob())).toMatchObject({ refusal: { reason: 'revoked' } })
    expect(second.runs).toHaveLength(0)
  })

  it.each([
    ['another plugin', { plugin: 'docker' }],
    ['another bundle', { digest: digestOf(new Uint8Array(1)) }],
    ['another publisher', { publisherKey: makeApproval().publisher.key.replace(/^./, 'x') }],
  ])('of %s changes nothing for this one', async (_what, subject) => {
    using bench = new Bench(folder)
    await bench.deliver(approve())
    expect(await ask(bench, revoke({ subject }))).toMatchObject({ state: 'done' })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
    expect(bench.stopped).toEqual([])
  })

  it('keeps an older approval from coming back, whenever the hub brings it', async () => {
    using bench = new Bench(folder)
    const old = approve({ issuedAt: instantOf(NOW - MINUTE) })
    const label = await bench.deliver(old)
    await bench.deliver(revoke())
    const withheld = approve({ issuedAt: instantOf(NOW) })
    expect(await ask(bench, withheld)).toMatchObject({ refusal: { reason: 'revoked' } })
    await bench.deliver(old, label)
    expect(await bench.answerTo(await bench.deliver(old, makeId()))).toMatchObject({
      refusal: { reason: 'relabelled' },
    })
    expect(await ask(bench, signJob())).toMatchObject({ refusal: { reason: 'revoked' } })
  })

  it('gives way to an approval that was issued after it', async () => {
    using bench = new Bench(folder)
    await bench.deliver(approve())
    await bench.deliver(revoke())
    const anew = approve({ issuedAt: instantOf(NOW + 1) })
    expect(await ask(bench, anew)).toMatchObject({ state: 'done' })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
    const late = revoke({ issuedAt: instantOf(NOW - MINUTE) })
    bench.stopped.length = 0
    expect(await ask(bench, late)).toMatchObject({ state: 'done', output: { plugins: [] } })
    expect(bench.stopped).toEqual([])
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
  })

  it('leaves no older version in its place', async () => {
    using bench = new Bench(folder)
    await bench.deliver(approve({ issuedAt: instantOf(NOW - MINUTE) }))
    const newer = version(bench, '1.0.1', { issuedAt: instantOf(NOW - 1) })
    await bench.deliver(newer)
    await bench.deliver(revoke({ subject: { digest: digestOf(bench.bundleAtHub as Uint8Array) } }))
    expect(await ask(bench, signJob())).toMatchObject({ refusal: { reason: 'revoked' } })
  })

  it.each([
    ['by a stranger', stranger, 'unknown_key'],
    ['by a publisher', publisher, 'wrong_role'],
  ])('%s is refused and changes nothing', async (_what, by, reason) => {
    using bench = new Bench(folder)
    await bench.deliver(approve())
    const signed = signDocument(documents.revocation, makeRevocation(), by.signing)
    expect(await ask(bench, signed)).toMatchObject({ refusal: { reason } })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
    expect(bench.events()).toContain('revocation.refused')
    expect(bench.stopped).toEqual([])
  })

  it('under another label than its id is refused', async () => {
    using bench = new Bench(folder)
    const answer = await bench.answerTo(await bench.deliver(revoke(), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
  })

  it('that cannot be kept is not answered, and the hub will bring it again', async () => {
    using bench = new Bench(folder, (journal) => ({
      ...journal,
      putRevocation() {
        throw new CodedError('ERR_STORE_WRITE', 'disk full')
      },
    }))
    await expect(bench.deliver(revoke())).rejects.toMatchObject({ code: 'ERR_STORE_WRITE' })
    expect(bench.sent.size).toBe(0)
    expect(bench.events()).toEqual([])
  })

  it('leaves a run that it ended as interrupted, because its effect is unknown', async () => {
    using bench = new Bench(folder)
    const details = { code: 'ERR_PLUGIN_REVOKED', message: 'm', details: {}, retryable: false }
    bench.outcome = { state: 'failed', failure: details, handlesUsed: [] }
    expect(await ask(bench, signJob())).toMatchObject({
      state: 'interrupted',
      failure: { code: 'ERR_PLUGIN_REVOKED' },
    })
    expect(bench.events()).toEqual(['job.admitted', 'run.interrupted'])
  })
})

describe('a quarantine', () => {
  const quarantine = (bench: Bench, sinceMs = NOW): void =>
    bench.journal.transaction(() =>
      bench.journal.putQuarantine({
        digest: DIGEST,
        pluginName: 'sensors',
        version: '1.0.0',
        reason: 'ERR_PLUGIN_CRASHED: it fell',
        sinceMs,
      }),
    )

  it('refuses the plugin until it is released, also after a restart', async () => {
    using first = new Bench(folder)
    quarantine(first)
    first.store[Symbol.dispose]()
    using bench = new Bench(folder)
    expect(await ask(bench, signJob())).toMatchObject({
      refusal: { reason: 'quarantined', details: { why: 'ERR_PLUGIN_CRASHED: it fell' } },
    })
    const answer = await ask(bench, release())
    expect(answer).toMatchObject({
      state: 'done',
      output: { digest: DIGEST, wasQuarantined: true },
    })
    expect(bench.forgiven).toEqual([DIGEST])
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
    expect(bench.events()).toEqual([
      'job.refused',
      'plugin.released',
      'job.admitted',
      'run.finished',
    ])
  })

  it('is not lifted by a release of an earlier one', async () => {
    using bench = new Bench(folder)
    const early = release()
    bench.nowMs = NOW + 5 * MINUTE
    quarantine(bench, bench.nowMs)
    expect(await ask(bench, early)).toMatchObject({ refusal: { reason: 'expired' } })
    expect(await ask(bench, signJob())).toMatchObject({ refusal: { reason: 'quarantined' } })
    expect(bench.events()).toContain('release.refused')
    expect(bench.forgiven).toEqual([])
  })

  it('of nothing can be lifted, which says so', async () => {
    using bench = new Bench(folder)
    expect(await ask(bench, release())).toMatchObject({ output: { wasQuarantined: false } })
  })

  it('is lifted under the own label of the release only', async () => {
    using bench = new Bench(folder)
    quarantine(bench)
    const answer = await bench.answerTo(await bench.deliver(release(), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(bench.forgiven).toEqual([])
  })

  it('does not keep the operator from approving another bundle', async () => {
    using bench = new Bench(folder)
    quarantine(bench)
    expect(await ask(bench, version(bench, '1.0.1'))).toMatchObject({ state: 'done' })
    expect(await ask(bench, signJob())).toMatchObject({ state: 'done' })
  })
})

describe('an upgrade', () => {
  it.each([
    ['a lower version', '0.9.0', publisher, 'lower_version'],
    ['another publisher', '1.0.1', otherPublisher, 'other_publisher'],
  ] as const)('to %s is refused unless the operator said so', async (_what, text, by, reason) => {
    using bench = new Bench(folder)
    await bench.deliver(approve())
    expect(await ask(bench, version(bench, text, { by }))).toMatchObject({ refusal: { reason } })
    const meant = version(bench, text, { by, overrides: [reason] })
    expect(await ask(bench, meant)).toMatchObject({ state: 'done' })
  })

  it('that the hub brings late does not displace a newer approval', async () => {
    using bench = new Bench(folder)
    const late = version(bench, '1.0.5', { issuedAt: instantOf(NOW - MINUTE) })
    const lateBytes = bench.bundleAtHub as Uint8Array
    await bench.deliver(version(bench, '1.0.2', { issuedAt: instantOf(NOW - 1) }))
    bench.bundleAtHub = lateBytes
    expect(await ask(bench, late)).toMatchObject({ state: 'done' })
    expect(await ask(bench, signJob())).toMatchObject({ plugin: { version: '1.0.2' } })
  })

  it('with a publication or permissions that do not hold is refused when it comes', async () => {
    using bench = new Bench(folder)
    const unpublished = approve({ publication: publicationOf(bundle, stranger) })
    expect(await ask(bench, unpublished)).toMatchObject({ refusal: { reason: 'not_published' } })
    const jobs = makeApproval().jobs
    const wider = approve({ jobs: { read: { ...jobs['read']!, effect: 'destroy' } } })
    expect(await ask(bench, wider)).toMatchObject({ refusal: { reason: 'permissions_differ' } })
    expect(bench.journal.hasBundle(DIGEST)).toBe(false)
  })
})

describe("an operator's word that the hub was restored", () => {
  const doubted = { doubt: 'it shows an older head', doubtedSinceMs: NOW - MINUTE }
  const restored = (changes: Partial<HubRestoration> = {}, by = operator) =>
    signDocument(documents.hubRestoration, makeRestoration(changes), by.signing)
  function doubting(): Bench {
    const bench = new Bench(folder)
    const { witness } = bench.store
    bench.journal.transaction(() =>
      witness.write({ ...witness.read(), size: 7, segmentsTo: 7, ...doubted, forkNote: 'kept' }),
    )
    return bench
  }

  it('ends the doubt, on record, and the hub is held to the head in it', async () => {
    using bench = doubting()
    const { restorationId, hubHead } = makeRestoration()
    const answer = await ask(bench, restored({ restorationId }))
    expect(answer).toMatchObject({ state: 'done', output: { epoch: 2, wasDoubted: true } })
    expect(bench.store.witness.read()).toMatchObject({
      ...{ doubt: null, doubtedSinceMs: null, size: 0, segmentsTo: 0, forkNote: 'kept' },
      ...{ hubKey: hubKey.publicKey, hubNote: hubHead },
    })
    const [row] = bench.store.audit.read(0, 1)
    expect(parseAuditEntry(row!.bytes)).toMatchObject({
      event: 'hub.believed',
      details: { restorationId, epoch: 2, doubt: doubted.doubt, head: hubHead },
    })
  })

  it('says so where there was none', async () => {
    using bench = new Bench(folder)
    expect(await ask(bench, restored())).toMatchObject({ output: { wasDoubted: false } })
  })

  it.each([
    ['by a stranger', {}, stranger, 'unknown_key'],
    ['by a publisher', {}, publisher, 'wrong_role'],
    ['for another agent', { agentIds: [makeId()] }, operator, 'wrong_audience'],
    ['with a head that the hub did not sign', { hubHead: 'x' }, operator, 'malformed'],
    [
      'that is over',
      { issuedAt: instantOf(NOW - 3 * MINUTE), expiresAt: instantOf(NOW - 2 * MINUTE) },
      operator,
      'expired',
    ],
  ])('%s is refused, and the doubt stands', async (_what, changes, by, reason) => {
    using bench = doubting()
    expect(await ask(bench, restored(changes, by))).toMatchObject({ refusal: { reason } })
    expect(bench.store.witness.read()).toMatchObject({ size: 7, ...doubted })
    expect(bench.events()).toEqual(['restoration.refused'])
  })

  it('under another label than its id is refused', async () => {
    using bench = doubting()
    const answer = await bench.answerTo(await bench.deliver(restored(), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
  })

  it('means nothing to a party that has no witness', async () => {
    using bench = new Bench(folder, undefined, { witness: undefined as never })
    expect(await ask(bench, restored())).toMatchObject({ refusal: { reason: 'unsupported_type' } })
  })
})

describe('while every slot is taken', () => {
  /** A bench whose runs end when they are told to, with two slots, both taken. */
  async function busy() {
    const ends: ((outcome: RunOutcome) => void)[] = []
    const bench = new Bench(folder, undefined, { maxConcurrentJobs: 2 })
    bench.outcome = (_request: RunRequest) => new Promise((resolve) => ends.push(resolve))
    const end = (): void =>
      ends.shift()!({ state: 'done', output: 1, handlesUsed: [] } satisfies RunOutcome)
    const wide = { ...manifest.jobs['read']!, limits: { ...manifest.jobs['read']!.limits } }
    wide.limits.perMinute = 100
    const generous = { ...manifest, version: '1.1.0', jobs: { read: wide } }
    const bytes = makeBundle(generous, { 'plugin.mjs': '', 'licenses.txt': '' })
    bench.bundleAtHub = bytes
    const plugin = { name: 'sensors', version: '1.1.0', digest: digestOf(bytes) }
    await bench.deliver(approve({ plugin, publication: publicationOf(bytes) }))
    const running = [bench.deliver(signJob()), bench.deliver(signJob())]
    while (bench.runs.length < 2) await turn()
    return { bench, end, running }
  }

  const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 2))

  it('a further job waits, and runs when a slot is free', async () => {
    const { bench, end, running } = await busy()
    using _bench = bench
    const third = bench.deliver(signJob())
    await turn()
    expect(bench.runs).toHaveLength(2)
    end()
    while (bench.runs.length < 3) await turn()
    end()
    end()
    await Promise.all([...running, third])
    expect(bench.sent.size).toBe(4)
  })

  it('a job that expires while it waits is refused and never runs', async () => {
    const { bench, end, running } = await busy()
    using _bench = bench
    const job = makeJob()
    const third = bench.deliver(signDocument(documents.job, job, operator.signing))
    await turn()
    bench.nowMs = NOW + 11 * MINUTE
    end()
    end()
    await Promise.all([...running, third])
    expect(await bench.answerTo(job.jobId)).toMatchObject({ refusal: { reason: 'expired' } })
    expect(bench.runs).toHaveLength(2)
  })

  it('approvals, releases and revocations are taken at once, and what waits is judged after them', async () => {
    const { bench, end, running } = await busy()
    using _bench = bench
    const waiting = makeJob()
    const third = bench.deliver(signDocument(documents.job, waiting, operator.signing))
    await turn()
    expect(await ask(bench, release())).toMatchObject({ state: 'done' })
    expect(await ask(bench, version(bench, '1.2.0'))).toMatchObject({ state: 'done' })
    expect(await ask(bench, revoke())).toMatchObject({ state: 'done' })
    expect(bench.stopped).toHaveLength(2)
    end()
    end()
    await Promise.all([...running, third])
    expect(await bench.answerTo(waiting.jobId)).toMatchObject({ refusal: { reason: 'revoked' } })
  })

  it('more jobs than may wait are left to the hub, unanswered and unspent', async () => {
    const { bench, end, running } = await busy()
    using _bench = bench
    const waiting = Array.from({ length: 97 }, () => bench.deliver(signJob()))
    const left = await Promise.race(waiting)
    expect(bench.sent.has(left)).toBe(false)
    expect(bench.journal.findRun(left)).toBeUndefined()
    bench.runner.rest()
    await Promise.all(waiting)
    end()
    end()
    await Promise.all(running)
    expect(bench.runs).toHaveLength(2)
  })
})

describe('a pin', () => {
  const sign = (changes = {}, by: Identity = operator) =>
    signDocument(documents.pin, makePin(changes), by.signing)

  /** One locked binding; what was pinned and unlocked, in order. */
  function pinsOf(changes: Partial<StandingPin> = {}) {
    const standing: StandingPin = {
      ...{ pinned: 'cd'.repeat(32), sinceMs: NOW, pinIssuedAtMs: 0, isLocked: true },
      ...changes,
    }
    const done: string[] = []
    const pins: BindingPins = {
      async pin({ plugin, binding }, { sha256 }, mayPin) {
        const found = binding === 'pve' ? standing : undefined
        if (mayPin(found)) done.push(`pinned ${plugin}/${binding} ${sha256}`)
        return found
      },
      lift: ({ plugin, binding }) => void done.push(`unlocked ${plugin}/${binding}`),
    }
    return { pins, done }
  }
  const benchWith = (pins: BindingPins) => new Bench(folder, undefined, { pins })

  it('is answered, recorded, changes the binding and unlocks it', async () => {
    const { pins, done } = pinsOf()
    using bench = benchWith(pins)
    expect(await ask(bench, sign())).toMatchObject({
      state: 'done',
      jobId: null,
      output: { binding: 'pve', sha256: PINNED, replaced: 'cd'.repeat(32), wasLocked: true },
    })
    expect(done).toEqual([`pinned proxmox/pve ${PINNED}`, 'unlocked proxmox/pve'])
    expect(bench.events()).toEqual(['binding.pinned'])
    expect(verifyAuditLog(bench.store.audit, ORIGIN, agent.signing.publicKey).ok).toBe(true)
  })

  it.each<[string, object, Identity, Partial<StandingPin>, string]>([
    ['by a publisher', {}, publisher, {}, 'wrong_role'],
    ['by a stranger', {}, stranger, {}, 'unknown_key'],
    ['of a name that is not bound', { binding: 'other' }, operator, {}, 'not_bound'],
    ['older than the one that stands', {}, operator, { pinIssuedAtMs: NOW + 1 }, 'expired'],
    ['older than the lock', {}, operator, { sinceMs: NOW + MINUTE }, 'expired'],
  ])('%s changes nothing and is refused, on record', async (_, changes, by, stands, reason) => {
    const { pins, done } = pinsOf(stands)
    using bench = benchWith(pins)
    const answer = await ask(bench, sign(changes, by))
    expect(answer).toMatchObject({ state: 'refused', refusal: { reason } })
    expect(done).toEqual([])
    expect(bench.events()).toEqual(['pin.refused'])
  })

  it('under another label than its own is refused', async () => {
    const { pins, done } = pinsOf()
    using bench = benchWith(pins)
    const answer = await bench.answerTo(await bench.deliver(sign(), makeId()))
    expect(answer).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(done).toEqual([])
  })

  it('is not taken twice', async () => {
    const { pins, done } = pinsOf()
    using bench = benchWith(pins)
    const envelope = sign()
    await bench.deliver(envelope)
    await bench.deliver(envelope)
    expect(done).toHaveLength(2)
  })

  it('is refused where the bindings cannot be opened, and on an agent without any', async () => {
    const pins: BindingPins = {
      pin: async () => {
        throw new CodedError('ERR_BINDINGS_FILE', 'damaged')
      },
      lift: () => undefined,
    }
    using bench = benchWith(pins)
    expect(await ask(bench, sign())).toMatchObject({
      refusal: { reason: 'store_unavailable', details: { code: 'ERR_BINDINGS_FILE' } },
    })
    bench.store[Symbol.dispose]()
    using bare = new Bench(folder)
    expect(await ask(bare, sign())).toMatchObject({ refusal: { reason: 'not_bound' } })
  })
})
