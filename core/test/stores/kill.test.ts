// SPDX-License-Identifier: Apache-2.0
/** A writer that is killed at any instant loses nothing it has reported, and leaves nothing half done. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import { parseAuditEntry, verifyAuditLog, type AuditVerdict } from '@sallyport/core/audit'
import { openStateDirectory, type SqliteAgentStore } from '@sallyport/core/stores'
import {
  KEY,
  NOW_MS,
  ORIGIN,
  idOf,
  journalOf,
  makeFolder,
  openStore,
  removeFolders,
} from './agent-store-fixture.ts'

afterAll(removeFolders)

const PROGRAM = join(import.meta.dirname, 'write-until-killed.ts')
const KILLS = 24
/** A kill comes after so many reports at most, and so much later at most: that is two transactions or three. */
const MAX_REPORTS = 12
const MAX_DELAY_MS = 4

type Reported = Record<'intent' | 'outcome' | 'acknowledged', Set<number>>

/** Lets the writer work from job `first` on and kills it after a while; notes what it reported. */
async function writeUntilKilled(
  path: string,
  first: number,
  life: { reports: number; delayMs: number },
  reported: Reported,
): Promise<void> {
  const args = ['--conditions=@sallyport/source', PROGRAM, path, String(first)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, n] = line.split(' ')
    if (what !== 'ready') reported[what as keyof Reported].add(Number(n))
    if (count++ === life.reports) void sleep(life.delayMs).then(() => child.kill('SIGKILL'))
  }
  expect(await ended).toEqual([null, 'SIGKILL'])
}

/** Pseudo-random numbers in [0, 1) from a seed, so that a red run can be run again. */
function* randomFrom(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

/** What the database says happened, job by job, from its tables and from its audit log. */
function stateOf(store: SqliteAgentStore): {
  verdict: AuditVerdict
  audited: Map<string, string[]>
} {
  const audited = new Map<string, string[]>()
  for (const row of store.audit.read(0, Number.MAX_SAFE_INTEGER)) {
    const { jobId, event } = parseAuditEntry(row.bytes)
    audited.set(jobId!, [...(audited.get(jobId!) ?? []), event])
  }
  return { verdict: verifyAuditLog(store.audit, ORIGIN, KEY.publicKey), audited }
}

/** Checks one database against what was reported; returns the number of the next job. */
function check(path: string, reported: Reported): number {
  using directory = openStateDirectory(path)
  using store = openStore(directory.file('agent.db'))
  const journal = journalOf(store)
  const { verdict, audited } = stateOf(store)
  expect(verdict).toMatchObject({ ok: true })
  let n = 1
  for (let run = journal.findRun(idOf(n)); run; run = journal.findRun(idOf((n += 1)))) {
    const answer = journal.findOutbox(run.jobId)
    const events = ['job.admitted', ...(answer ? ['handle.used', 'run.finished'] : [])]
    // Tables, outbox and audit log agree: each transaction is there as a whole or not at all.
    expect(audited.get(run.jobId)).toEqual(events)
    expect(run.state).toBe(answer ? 'finished' : 'intent')
    expect(run.acknowledgedAtMs).toBe(answer?.acknowledgedAtMs ?? null)
    if (reported.outcome.has(n)) expect(run.state).toBe('finished')
    if (reported.acknowledged.has(n)) expect(run.acknowledgedAtMs).not.toBeNull()
  }
  expect(audited.size).toBe(n - 1)
  expect(Math.max(0, ...reported.intent)).toBeLessThan(n)
  expect(store.clock.highest()).toBe(n === 1 ? 0 : NOW_MS + n - 1)
  return n
}

describe('a writer that is killed', () => {
  it(`loses nothing it reported and leaves nothing half done, ${KILLS} times over on one database`, async () => {
    const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000)
    const random = randomFrom(seed)
    const reported: Reported = { intent: new Set(), outcome: new Set(), acknowledged: new Set() }
    const path = makeFolder()
    try {
      let first = 1
      for (let kill = 0; kill < KILLS; kill += 1) {
        const reports = Math.floor(random.next().value * MAX_REPORTS)
        const delayMs = random.next().value * MAX_DELAY_MS
        await writeUntilKilled(path, first, { reports, delayMs }, reported)
        first = check(path, reported)
      }
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
    expect(reported.acknowledged.size).toBeGreaterThan(0)
  }, 300_000)
})
