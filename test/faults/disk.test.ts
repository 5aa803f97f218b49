// SPDX-License-Identifier: Apache-2.0
/** An agent that cannot write or believe its journal has no effect, says so, and goes on when it can. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'

/** The agent may write no file beyond this: room for a few jobs in the write-ahead log, then the disk is "full". */
const MAX_FILE_BYTES = 240_000
const LIMITED = [
  '/bin/sh',
  '-c',
  `trap '' XFSZ; exec prlimit --fsize=${MAX_FILE_BYTES} -- "$@"`,
  'sh',
]

let field: Field
let agent: KnownAgent

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

async function add(key: string): Promise<string> {
  const job = field.operator.job(agent, { jobType: 'counter/add', input: { key } })
  return field.operator.submit(agent, field.operator.sign(job), job.jobId)
}

/** Waits until the agent says that it could not write. */
async function untilFull(): Promise<false> {
  const { child, output } = field.program('pve1')
  while (!output().stderr.includes('ERR_STORE_') && child.exitCode === null) await sleep(50)
  return false
}

describe('a full disk', () => {
  it('stops effects, not the agent; with room again every job has one answer', async () => {
    await field.end('pve1')
    await field.startAgent('pve1', LIMITED)
    const jobs: { key: string; label: string }[] = []
    const full = untilFull()
    for (let answered = true; answered && jobs.length < 60;) {
      const key = randomUUIDv7()
      const label = await add(key)
      jobs.push({ key, label })
      const answer = field.operator.answerTo(agent, label, 60_000).then(
        () => true,
        () => false,
      )
      answered = await Promise.race([full, answer])
    }
    expect(jobs.length).toBeGreaterThan(1)
    expect(jobs.length).toBeLessThan(60)
    expect(field.program('pve1').child.exitCode).toBeNull()
    expect(field.program('pve1').output().stderr).toContain('ERR_STORE_')

    await field.end('pve1')
    await field.startAgent('pve1')
    const ends: string[] = []
    for (const { key, label } of jobs) {
      const { state } = await field.operator.answerTo(agent, label, 30_000)
      ends.push(`${state}:${await field.countOf(agent, key)}`)
    }
    expect(
      ends.filter((end) => !['done:1', 'interrupted:0', 'interrupted:1'].includes(end)),
    ).toEqual([])
    expect(ends.filter((end) => end === 'done:1').length).toBeGreaterThan(0)
  })
})

describe('a value in the database that changed by itself', () => {
  it('keeps the agent from starting, and the file and the table are named', async () => {
    await field.end('pve1')
    const path = join(field.stateDir('pve1'), 'agent.db')
    const change = (sql: string): void => {
      using database = new DatabaseSync(path)
      database.exec(`UPDATE runs SET received_at_ms = received_at_ms ${sql} WHERE rowid = 1`)
    }
    change('+ 4')
    const start = field.startAgent('pve1')
    await expect(start).rejects.toThrow('ERR_STORE_CORRUPT')
    await expect(start).rejects.toThrow(`${path} is damaged: table runs`)
    change('- 4')
    await field.startAgent('pve1')
  })
})

describe('a lost journal', () => {
  it('is never taken for a new one: the agent does not start', async () => {
    await field.end('pve1')
    for (const name of ['agent.db', 'agent.db-wal', 'agent.db-shm']) {
      rmSync(join(field.stateDir('pve1'), name), { force: true })
    }
    await expect(field.startAgent('pve1')).rejects.toThrow('ERR_STORE_MISSING')
  })
})
