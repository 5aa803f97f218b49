// SPDX-License-Identifier: Apache-2.0
/** Who may read answers: whom the agent's own trust root says, and of those whom a document names its people alone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, makeBundle, open, signDocument } from '../../src/crypto/index.ts'
import { approvedJobsOf, documents } from '../../src/protocol/index.ts'
import {
  agent,
  identityOf,
  makePorts,
  makeRevocation,
  manifest,
  operator,
  publicationOf,
  sealingKeyOf,
  signApproval,
  signJob,
  stranger,
} from '../support/site.ts'
import { Bench } from './bench.ts'

const colleague = identityOf('ben', 21)
const customer = identityOf('acme', 22)
const neighbour = identityOf('other', 23)
const NAMED = [agent, operator, colleague, stranger].map(sealingKeyOf)

/** A plugin whose job is about the guest in its field `vmid`. */
const ofGuests = {
  ...manifest,
  jobs: { read: { ...manifest.jobs.read!, resources: { vmid: 'vmid' } } },
}
const bundle = makeBundle(ofGuests, { 'plugin.mjs': 'export {}', 'licenses.txt': 'none' })
const approval = signApproval({
  plugin: { name: 'sensors', version: '1.0.0', digest: digestOf(bundle) },
  publication: publicationOf(bundle),
  jobs: approvedJobsOf(ofGuests),
})

let folder: string
let bench: Bench

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-readers-'))
  bench = new Bench(folder, undefined, {
    admission: makePorts({ approvals: { find: () => ({ approval, bundle }) } }),
    readers: {
      of: (about) => [
        sealingKeyOf(operator),
        ...(about.includes('guest/101') ? [sealingKeyOf(customer)] : []),
      ],
      people: () => [operator, colleague, customer, neighbour].map(sealingKeyOf),
    },
  })
})

afterAll(() => {
  bench[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Names of those who can open the answer. */
async function readersOf(label: string): Promise<string[]> {
  const [sealed] = bench.sent.get(label)!
  const names: string[] = []
  for (const { name, sealing } of [operator, colleague, customer, neighbour, stranger, agent]) {
    const isReader = await open(sealed!, sealing, 8_000_000).then(
      () => true,
      () => false,
    )
    if (isReader) names.push(name)
  }
  return names
}

describe('the answer to a job', () => {
  it('is for the operators and for those whom the job names and the trust root knows, never for a stranger', async () => {
    const label = await bench.deliver(signJob({ readers: NAMED }))
    expect(await bench.answerTo(label)).toMatchObject({ state: 'done' })
    expect(await readersOf(label)).toEqual([operator.name, colleague.name])
  })

  it('is for the customers whom it concerns, named or not, and for no other customer', async () => {
    const label = await bench.deliver(signJob({ input: { vmid: 101 } }))
    expect(await readersOf(label)).toEqual([operator.name, customer.name])
  })

  it('that was refused is for the same readers', async () => {
    const expired = { expiresAt: '2026-03-01T11:00:00.000Z', notBefore: '2026-03-01T10:00:00.000Z' }
    const label = await bench.deliver(
      signJob({ input: { vmid: 101 }, readers: NAMED, issuedAt: expired.notBefore, ...expired }),
    )
    expect(await bench.answerTo(label)).toMatchObject({ state: 'refused' })
    expect(await readersOf(label)).toEqual([operator.name, colleague.name, customer.name])
  })
})

describe('the answer to a document of an operator', () => {
  it('is for its readers of the trust root alone', async () => {
    const revocation = makeRevocation({ readers: NAMED })
    const envelope = signDocument(documents.revocation, revocation, operator.signing)
    const label = await bench.deliver(envelope)
    expect(await bench.answerTo(label)).toMatchObject({ state: 'done' })
    expect(await readersOf(label)).toEqual([operator.name, colleague.name])
  })
})
