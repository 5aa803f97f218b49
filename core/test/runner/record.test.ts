// SPDX-License-Identifier: Apache-2.0
/** What stands in the audit log about a job: whose delivery it was, what it was about, what it reached for. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAuditEntry, type AuditEntry } from '../../src/audit/index.ts'
import { digestOf, makeBundle } from '../../src/crypto/index.ts'
import { approvedJobsOf } from '../../src/protocol/index.ts'
import {
  makePorts,
  manifest,
  publicationOf,
  signApproval,
  signJob,
  stranger,
} from '../support/site.ts'
import { Bench } from './bench.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-record-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A plugin whose job is about the guest in its field `vmid`. */
const { read } = manifest.jobs
const ofGuests = { ...manifest, jobs: { read: { ...read!, resources: { vmid: 'vmid' } } } }
const bundle = makeBundle(ofGuests, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
const approval = signApproval({
  plugin: { name: 'sensors', version: '1.0.0', digest: digestOf(bundle) },
  publication: publicationOf(bundle),
  jobs: approvedJobsOf(ofGuests),
})
const admission = makePorts({ approvals: { find: () => ({ approval, bundle }) } })

function entriesOf(bench: Bench): AuditEntry[] {
  return [...bench.store.audit.read(0, 100)].map(({ bytes }) => parseAuditEntry(bytes))
}

describe('every entry about a job', () => {
  it('carries the label of its delivery and its guest, those about its handles too', async () => {
    using bench = new Bench(folder, undefined, { admission })
    bench.outcome = async (request) => {
      const use = { handle: 'pve', kind: 'endpoint', method: 'GET /x', target: '/x' } as const
      request.onHandle?.({ ...use, outcome: 'ok' }, { args: [] })
      request.onHandle?.({ ...use, outcome: 'denied' }, { args: [] })
      return { state: 'done', output: {}, handlesUsed: ['pve'] }
    }
    const label = await bench.deliver(signJob({ input: { vmid: 101 } }))
    const entries = entriesOf(bench)
    expect(entries.map(({ event }) => event)).toEqual([
      'job.admitted',
      'handle.used',
      'handle.denied',
      'run.finished',
    ])
    for (const entry of entries) {
      expect(entry).toMatchObject({ jobId: label, envelopeId: label, about: ['guest/101'] })
    }
    expect(entries[2]!.details).toMatchObject({
      plugin: 'sensors',
      handle: 'pve',
      targets: ['/x'],
      outcome: 'denied',
    })
  })

  it('is about nothing where the job names nothing', async () => {
    using bench = new Bench(folder, undefined, { admission })
    await bench.deliver(signJob())
    for (const entry of entriesOf(bench)) expect(entry.about).toBeUndefined()
  })

  it('that was refused is about what its signed input names', async () => {
    using bench = new Bench(folder, undefined, { admission })
    await bench.deliver(signJob({ jobType: 'sensors/none', input: { newid: 102, node: 'pve2' } }))
    expect(entriesOf(bench)).toMatchObject([
      { event: 'job.refused', about: ['guest/102', 'node/pve2'] },
    ])
  })

  it('that nobody vouches for is about nothing, whatever it says', async () => {
    using bench = new Bench(folder, undefined, { admission })
    await bench.deliver(signJob({ input: { vmid: 101 } }, stranger))
    const [entry] = entriesOf(bench)
    expect(entry!.about).toBeUndefined()
    expect(entry!.jobId).toBeUndefined()
  })

  it('that a crash cut off is about what its signed input names', async () => {
    {
      using bench = new Bench(folder, undefined, { admission })
      bench.outcome = () => new Promise(() => {})
      void bench.deliver(signJob({ input: { vmid: 101 } }))
      while (bench.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    using later = new Bench(folder, undefined, { admission })
    later.runner.recover()
    expect(entriesOf(later).at(-1)).toMatchObject({
      event: 'run.interrupted',
      about: ['guest/101'],
    })
  })
})
