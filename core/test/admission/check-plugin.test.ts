// SPDX-License-Identifier: Apache-2.0
/** What must hold of a plugin at every job: publication, permissions, job types, revocations, quarantine. */
import { describe, expect, it } from '@jest/globals'
import { endpoint, exec, type PluginManifest } from '@sallyport/sdk'
import { admit, type AdmissionPorts, type RevocableParts } from '../../src/admission/index.ts'
import {
  digestOf,
  makeBundle,
  makeTrustStore,
  makeTrustedKey,
  signPublication,
} from '../../src/crypto/index.ts'
import {
  approvedJobsOf,
  encodeBase64url,
  instantOf,
  type Approval,
} from '../../src/protocol/index.ts'
import {
  broken,
  bundle,
  labelOf,
  makeId,
  makePorts,
  manifest,
  MINUTE,
  NOW,
  operator,
  publicationOf,
  publisher,
  signApproval,
  SITE_ID,
  signJob,
  stranger,
} from '../support/site.ts'

const PARTS = { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' }
const DAY = 1_440 * MINUTE

/** Decides on a job of `sensors` with this approval and bundle on the agent's disk. */
function decide(
  approval: Partial<Approval>,
  { bytes = bundle, ...changes }: Partial<AdmissionPorts> & { bytes?: Uint8Array } = {},
  jobType = 'sensors/read',
) {
  const held = { approval: signApproval(approval), bundle: bytes }
  const job = signJob({ jobType })
  const ports = makePorts({ approvals: { find: () => held }, ...changes })
  return admit({ envelopeId: labelOf(job), bytes: job }, ports)
}

/** A publication valid in a window around now, as base64url. Units: milliseconds from now. */
function publicationFor(fromMs: number, untilMs: number): string {
  const times = { issuedAtMs: NOW + fromMs, expiresAtMs: NOW + untilMs }
  const publishing = { publisher, publicationId: makeId(), ...times }
  return encodeBase64url(signPublication(bundle, publishing))
}

const keyOf = (by = publisher) => ({ name: by.name, key: encodeBase64url(by.signing.publicKey) })

/** An approval of another bundle, right in everything. */
function approving(bytes: Uint8Array, of: PluginManifest = manifest): Partial<Approval> {
  const plugin = { name: of.name, version: of.version, digest: digestOf(bytes) }
  return { plugin, publication: publicationOf(bytes), jobs: approvedJobsOf(of) }
}

describe('the publication in an approval', () => {
  it('is by a publisher of the trust root, where that names any', () => {
    const own = { publisher: keyOf(stranger), publication: publicationOf(bundle, stranger) }
    expect(decide(own)).toRefuse('unknown_publisher')
    const key = makeTrustedKey('operator', operator.name, operator.signing.publicKey)
    const trust = makeTrustStore(SITE_ID, [key])
    expect(decide(own, { trust })).toMatchObject({ admitted: true })
  })

  it('lets the plugin load when it is of this bundle by this publisher', () => {
    expect(decide({})).toMatchObject({ admitted: true, plugin: { publisher: keyOf() } })
  })

  it.each([
    [
      'by another publisher than the approval names',
      { publication: publicationOf(bundle, stranger) },
    ],
    ['whose publisher the approval calls otherwise', { publisher: { ...keyOf(), name: 'acme' } }],
    [
      'by another key of the same name',
      { publisher: { ...keyOf(stranger), name: publisher.name } },
    ],
    ['that is no document', { publication: 'e30' }],
    ['that is nothing', { publication: '' }],
    ['in another spelling of base64url', { publication: 'AB' }],
    [
      'of another bundle',
      { publication: publicationOf(makeBundle({ ...manifest, version: '1.0.1' }, PARTS)) },
    ],
    [
      'of a bundle with one more part',
      { publication: publicationOf(makeBundle(manifest, { ...PARTS, 'more.txt': '' })) },
    ],
    [
      'of a bundle with an empty part',
      { publication: publicationOf(makeBundle(manifest, { ...PARTS, 'plugin.mjs': '' })) },
    ],
    ['that has expired', { publication: publicationFor(-DAY, -MINUTE / 2 - 1) }],
    ['from the future', { publication: publicationFor(MINUTE, DAY) }],
  ])('refuses a plugin with one %s', (_what, approval) => {
    expect(decide(approval)).toRefuse('not_published')
  })

  it('says why it does not hold', () => {
    const expired = decide({ publication: publicationFor(-DAY, -MINUTE) })
    expect(expired).toMatchObject({ refusal: { details: { why: 'expired' } } })
  })

  it.each([
    ['at its last instant with the accepted skew', -DAY, -MINUTE / 2],
    ['for as long as its publisher likes', 0, 4_000 * DAY],
  ])('counts %s', (_what, fromMs, untilMs) => {
    const publication = publicationFor(fromMs, untilMs)
    expect(decide({ publication })).toMatchObject({ admitted: true })
  })

  it('refuses every flipped character', () => {
    const publication = publicationOf()
    for (let at = 0; at < publication.length; at += 41) {
      const other = publication[at] === 'A' ? 'B' : 'A'
      const flipped = publication.slice(0, at) + other + publication.slice(at + 1)
      expect(decide({ publication: flipped })).toRefuse('not_published')
    }
  })
})

describe('the permissions in an approval', () => {
  const reading = { kind: 'files.read', paths: ['/proc/stat'] } as const
  const wide = (permissions: Record<string, unknown>): PluginManifest => {
    const read = { ...manifest.jobs['read']!, permissions } as PluginManifest['jobs'][string]
    return { ...manifest, jobs: { read } }
  }

  it.each([
    ['one more permission', { a: reading, b: exec('/bin/true', []) }, { a: reading }],
    ['one less', { a: reading }, { a: reading, b: exec('/bin/true', []) }],
    ['another path', { a: { ...reading, paths: ['/etc/shadow'] } }, { a: reading }],
    ['another handle', { b: reading }, { a: reading }],
  ])('must be those of the bundle: %s is refused', (_what, asked, approved) => {
    const bytes = makeBundle(wide(asked), PARTS)
    const approval = { ...approving(bytes), jobs: approvedJobsOf(wide(approved)) }
    const decision = decide(approval, { bytes })
    expect(decision).toRefuse('permissions_differ')
    expect(decision).toMatchObject({ refusal: { details: { jobs: ['read'] } } })
    expect(decide({ ...approval, jobs: approvedJobsOf(wide(asked)) }, { bytes }).admitted).toBe(
      true,
    )
  })

  it('must be those of the bundle: another effect or resource is refused', () => {
    const [read] = Object.values(approvedJobsOf(manifest))
    for (const change of [{ effect: 'destroy' as const }, { resources: { guest: 'vmid' } }]) {
      expect(decide({ jobs: { read: { ...read!, ...change } } })).toRefuse('permissions_differ')
    }
  })

  it('must be of job types that the bundle has', () => {
    const jobs = approvedJobsOf(manifest)
    expect(decide({ jobs: { ...jobs, write: jobs['read']! } })).toRefuse('permissions_differ')
  })

  it('must name every binding, and no other', () => {
    const api = endpoint('api', ['GET /x'])
    const bytes = makeBundle(wide({ api }), PARTS)
    const approval = approving(bytes, wide({ api }))
    expect(decide({ ...approval, bindings: ['api'] }, { bytes }).admitted).toBe(true)
    for (const bindings of [[], ['api', 'more'], ['other']]) {
      expect(decide({ ...approval, bindings }, { bytes })).toRefuse('permissions_differ')
    }
  })
})

describe('the job types in an approval', () => {
  const two = { ...manifest, jobs: { ...manifest.jobs, write: manifest.jobs['read']! } }
  const bytes = makeBundle(two, PARTS)
  const narrowed = { ...approving(bytes, two), jobs: approvedJobsOf(two, ['read']) }

  it('may be fewer than those of the plugin; the others are refused', () => {
    expect(decide(narrowed, { bytes }).admitted).toBe(true)
    const refused = decide(narrowed, { bytes }, 'sensors/write')
    expect(refused).toRefuse('not_approved')
    expect(refused).toMatchObject({ refusal: { details: { approved: ['read'] } } })
    expect(decide(narrowed, { bytes }, 'sensors/none')).toRefuse('unknown_job_type')
  })

  it('may be none', () => {
    expect(decide({ ...narrowed, jobs: {} }, { bytes })).toRefuse('not_approved')
  })
})

describe('a revocation', () => {
  const issuedAtMs = NOW - MINUTE
  const revoked = (atMs: number) => {
    const asked: RevocableParts[] = []
    const revocation = {
      revocationId: makeId(),
      subject: 'plugin',
      issuedAtMs: atMs,
      why: 'w',
    } as const
    const revocations = {
      newest(parts: RevocableParts) {
        asked.push(parts)
        return revocation
      },
    }
    return { asked, revocations }
  }

  it.each([
    ['issued before the approval', -1, 'admitted'],
    ['issued at the same instant', 0, 'revoked'],
    ['issued after it', 1, 'revoked'],
  ])('%s decides', (_what, afterMs, expected) => {
    const decision = decide({}, revoked(issuedAtMs + afterMs))
    expect(decision.admitted ? 'admitted' : decision.refusal.reason).toBe(expected)
  })

  it('is looked for under the plugin, the bundle and the publisher, and says why', () => {
    const { asked, revocations } = revoked(NOW)
    const decision = decide({}, { revocations })
    const parts = { plugin: 'sensors', digest: digestOf(bundle), publisherKey: keyOf().key }
    expect(asked).toEqual([parts])
    const details = { plugin: 'sensors', subject: 'plugin', why: 'w', revokedAt: instantOf(NOW) }
    expect(decision).toMatchObject({ refusal: { details } })
  })

  it('that cannot be looked for refuses', () => {
    expect(decide({}, { revocations: { newest: broken } })).toRefuse('store_unavailable')
  })
})

describe('a quarantine', () => {
  it('refuses the bundle, with its reason', () => {
    const quarantine = {
      find: (digest: string) =>
        digest === digestOf(bundle) ? { reason: 'ERR_X: fell', sinceMs: NOW } : undefined,
    }
    const decision = decide({}, { quarantine })
    expect(decision).toRefuse('quarantined')
    const details = { plugin: 'sensors', why: 'ERR_X: fell', since: instantOf(NOW) }
    expect(decision).toMatchObject({ refusal: { details } })
  })

  it('that cannot be looked up refuses', () => {
    expect(decide({}, { quarantine: { find: broken } })).toRefuse('store_unavailable')
  })
})

describe('an approval on disk', () => {
  it('says of a clock that cannot be trusted what it is, not that nobody approved', () => {
    const clock = { now: () => NOW, highest: broken }
    expect(decide({}, { clock })).toRefuse('store_unavailable')
  })

  it('by an operator of another site is not believed', () => {
    const held = { approval: signApproval({}, stranger), bundle }
    const job = signJob({}, operator)
    const ports = makePorts({ approvals: { find: () => held } })
    expect(admit({ envelopeId: labelOf(job), bytes: job }, ports)).toRefuse('not_approved')
  })
})
