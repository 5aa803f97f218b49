// SPDX-License-Identifier: Apache-2.0
/** A hostile hub: whoever may edit its database, or answer in its place, gets no effect and is found out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { digestOf, seal } from '@sallyport/core/crypto'
import { instantOf } from '@sallyport/core/protocol'
import { openHubClient } from '@sallyport/core/transport'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { SiteRoot, keyOf, person } from '../support/site-root.ts'

let field: Field
let agent: KnownAgent
let bundle: Uint8Array

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  bundle = await field.approve(agent, 'counter')
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

/** Edits the database of the hub while it is stopped. */
async function tamper(edit: () => Promise<unknown>): Promise<void> {
  await field.end('hub')
  await edit()
  await field.startHub()
}

async function sealedIn(table: 'envelopes' | 'results', label: string): Promise<string> {
  const text = `SELECT sealed FROM ${table} WHERE envelope_id = ?`
  return String((await field.askHub(text, label))[0]!['sealed'])
}

async function flipSealed(table: 'envelopes' | 'results', label: string): Promise<void> {
  const sealed = flipped(await sealedIn(table, label))
  await field.changeHub(`UPDATE ${table} SET sealed = ? WHERE envelope_id = ?`, sealed, label)
}

function flipped(sealed: string): string {
  const jwe = JSON.parse(sealed) as { ciphertext: string }
  const bytes = Buffer.from(jwe.ciphertext, 'base64url')
  bytes[20]! ^= 1
  return JSON.stringify({ ...jwe, ciphertext: bytes.toString('base64url') })
}

describe('a hub whose database was edited', () => {
  it('cannot make an agent run altered bytes', async () => {
    await field.end('pve1')
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    await tamper(() => flipSealed('envelopes', label))
    await field.startAgent('pve1')
    const result = await field.operator.answerTo(agent, label)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'unsealable' } })
    expect(await field.countOf(agent, key)).toBe(0)
  })

  it('cannot pass off an altered result', async () => {
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    await field.operator.answerTo(agent, label)
    await tamper(() => flipSealed('results', label))
    await expect(field.operator.answerTo(agent, label)).rejects.toMatchObject({
      code: 'ERR_UNSEAL',
    })
  })

  it('gives a job no second effect by forgetting that it was answered', async () => {
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    const first = await field.operator.answerTo(agent, label)
    await tamper(async () => {
      await field.changeHub('DELETE FROM results WHERE envelope_id = ?', label)
      const queued = "state = 'queued', answered_at = NULL, lease_until = 0"
      await field.changeHub(`UPDATE envelopes SET ${queued} WHERE envelope_id = ?`, label)
    })
    const second = await field.operator.answerTo(agent, label)
    expect(second).toEqual(first)
    expect(await field.countOf(agent, key)).toBe(1)
  })

  it('cannot swap the bundle that was approved', async () => {
    const other = await buildBundle('attack/plugins/counter.ts', '1.0.1')
    const approved = await buildBundle('attack/plugins/counter.ts', '1.0.2')
    await field.operator.hub.storeBundle(digestOf(approved), approved)
    await tamper(() =>
      field.changeHub('UPDATE bundles SET bytes = ? WHERE digest = ?', other, digestOf(approved)),
    )
    const result = await field.operator.approve(agent, approved).catch((error: unknown) => error)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'digest_mismatch' } })
    expect(await field.countOf(agent, randomUUIDv7())).toBe(0)
  })
})

describe('a hub whose rows were exchanged', () => {
  let other: KnownAgent
  beforeAll(async () => {
    other = await field.addAgent('pve2')
    await field.approve(other, 'counter')
  })

  it('has neither of two agents do the job of the other', async () => {
    const swap = (): Promise<void> =>
      tamper(async () => {
        const spare = randomUUIDv7()
        const steps = [
          [spare, agent.agentId],
          [agent.agentId, other.agentId],
          [other.agentId, spare],
        ] as const
        for (const step of steps) {
          await field.changeHub('UPDATE agents SET agent_id = ? WHERE agent_id = ?', ...step)
        }
      })
    await swap()
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    await expect(field.operator.answerTo(agent, label)).rejects.toThrow(/not the agent's/)
    await swap()
    for (const each of [agent, other]) expect(await field.countOf(each, key)).toBe(0)
  })

  it('cannot show the answer to one job as that to another', async () => {
    const add = async () => {
      const input = { key: randomUUIDv7() }
      const job = field.operator.job(agent, { jobType: 'counter/add', input })
      const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
      await field.operator.answerTo(agent, label)
      return label
    }
    const [one, two] = [await add(), await add()]
    await tamper(async () => {
      const [first, second] = [await sealedIn('results', one), await sealedIn('results', two)]
      const set = 'UPDATE results SET sealed = ? WHERE envelope_id = ?'
      await field.changeHub(set, second, one)
      await field.changeHub(set, first, two)
    })
    const shown = await field.operator.answerTo(agent, one)
    expect(shown).toMatchObject({ jobId: two, envelopeId: two })
  })

  it('brings nobody back whom a newer trust root has put out', async () => {
    const site = new SiteRoot(field.operator)
    const eve = person('eve')
    const { keys } = site.root
    await site.change([agent], { keys: [...keys, keyOf(eve, 'operator')] })
    const [older] = await field.askHub('SELECT * FROM people WHERE key_id = ?', eve.signing.keyId)
    await site.change([agent], { keys })
    await tamper(async () => {
      await field.changeHub('DELETE FROM trust_roots WHERE version = ?', 3)
      const names = Object.keys(older!)
      const places = names.map(() => '?').join(', ')
      const into = `INSERT INTO people (${names.join(', ')}) VALUES (${places})`
      await field.changeHub(into, ...(Object.values(older!) as string[]))
    })
    await using hub = openHubClient({ url: field.url, key: eve.signing, clock: { now: Date.now } })
    const key = randomUUIDv7()
    const requestedBy = eve.signing.keyId
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key }, requestedBy })
    const sealed = await seal(field.operator.sign(job, eve), job.readers)
    const { agentId } = agent
    const expiresAt = instantOf(Date.now() + 60_000)
    await hub.submitEnvelope({ envelopeId: job.jobId, agentId, sealed, expiresAt })
    expect(await field.operator.answerTo(agent, job.jobId)).toMatchObject({
      state: 'refused',
      refusal: { reason: 'unknown_key' },
    })
    expect(await field.countOf(agent, key)).toBe(0)
  })
})

describe('an agent whose disk was edited', () => {
  it('does not load a bundle with one flipped byte, and loads it again when it is mended', async () => {
    const flip = async (): Promise<void> => {
      await field.end('pve1')
      const database = new DatabaseSync(join(field.stateDir('pve1'), 'agent.db'))
      const select = database.prepare('SELECT bytes FROM bundles WHERE digest = ?')
      const bytes = (select.get(digestOf(bundle)) as { bytes: Uint8Array }).bytes.slice()
      bytes[1_000]! ^= 1
      database.prepare('UPDATE bundles SET bytes = ? WHERE digest = ?').run(bytes, digestOf(bundle))
      database.close()
      await field.startAgent('pve1')
    }
    const run = () => field.operator.run(agent, { jobType: 'counter/read', input: { key: 'a' } })
    await flip()
    // Flipping the same byte of flipped bytes needs the row found under the digest it had.
    expect(await run()).toMatchObject({
      state: 'refused',
      refusal: { reason: 'digest_mismatch' },
    })
    await flip()
    expect(await run()).toMatchObject({ state: 'done' })
  })
})
