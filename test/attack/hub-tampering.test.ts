// SPDX-License-Identifier: Apache-2.0
/** A hostile hub: whoever may edit its database, or answer in its place, gets no effect and is found out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { digestOf } from '@sallyport/core/crypto'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'

let field: Field
let agent: KnownAgent
let bundle: Uint8Array

beforeAll(async () => {
  field = await Field.open()
  agent = await field.addAgent('pve1')
  bundle = await field.approve(agent, 'counter')
}, 60_000)

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

/** Edits the database of the hub while it is stopped. */
async function tamper(edit: (database: DatabaseSync) => void): Promise<void> {
  await field.end('hub')
  const database = new DatabaseSync(field.hubDatabase)
  edit(database)
  database.close()
  await field.startHub()
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
    await tamper((database) => {
      const select = database.prepare('SELECT sealed FROM envelopes WHERE envelope_id = ?')
      const { sealed } = select.get(label) as { sealed: string }
      const update = database.prepare('UPDATE envelopes SET sealed = ? WHERE envelope_id = ?')
      expect(update.run(flipped(sealed), label).changes).toBe(1)
    })
    await field.startAgent('pve1')
    const result = await field.operator.answerTo(agent, label)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'unsealable' } })
    expect(await field.countOf(agent, key)).toBe(0)
  }, 60_000)

  it('cannot pass off an altered result', async () => {
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    await field.operator.answerTo(agent, label)
    await tamper((database) => {
      const { sealed } = database
        .prepare('SELECT sealed FROM results WHERE envelope_id = ?')
        .get(label) as { sealed: string }
      database
        .prepare('UPDATE results SET sealed = ? WHERE envelope_id = ?')
        .run(flipped(sealed), label)
    })
    await expect(field.operator.answerTo(agent, label)).rejects.toMatchObject({
      code: 'ERR_UNSEAL',
    })
  }, 60_000)

  it('gives a job no second effect by forgetting that it was answered', async () => {
    const key = randomUUIDv7()
    const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
    const label = await field.operator.submit(agent, field.operator.sign(job), job.jobId)
    const first = await field.operator.answerTo(agent, label)
    await tamper((database) => {
      database.prepare('DELETE FROM results WHERE envelope_id = ?').run(label)
      database
        .prepare(
          "UPDATE envelopes SET state = 'queued', answered_at = NULL, lease_until = 0 WHERE envelope_id = ?",
        )
        .run(label)
    })
    const second = await field.operator.answerTo(agent, label)
    expect(second).toEqual(first)
    expect(await field.countOf(agent, key)).toBe(1)
  }, 60_000)

  it('cannot swap the bundle that was approved', async () => {
    const other = await buildBundle('attack/plugins/counter.ts', '1.0.1')
    const approved = await buildBundle('attack/plugins/counter.ts', '1.0.2')
    await field.operator.hub.storeBundle(digestOf(approved), approved)
    await tamper((database) => {
      database
        .prepare('UPDATE bundles SET bytes = ? WHERE digest = ?')
        .run(other, digestOf(approved))
    })
    const result = await field.operator.approve(agent, approved).catch((error: unknown) => error)
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'digest_mismatch' } })
    expect(await field.countOf(agent, randomUUIDv7())).toBe(0)
  }, 60_000)
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
  }, 60_000)
})
