// SPDX-License-Identifier: Apache-2.0
/** What the doctor says of an agent's journal, and of its hub as a witness. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { checkAgent, witnessFinding } from '../../src/doctor/check-agent.ts'
import type { Finding } from '../../src/doctor/finding.ts'

const AT = Date.parse('2026-11-22T08:00:00.000Z')

/** Before anything was witnessed. */
const NOTHING = {
  ...{ size: 0, epoch: 0, witnessedAtMs: null, segmentsTo: 0, hubKey: null, hubNote: null },
  ...{ doubt: null, doubtedSinceMs: null, forkNote: null },
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function openStore() {
  return openSqliteAgentStore(join(folder, 'agent.db'), { clock: { now: () => AT } })
}

async function findingOf(check: string): Promise<Finding | undefined> {
  return (await checkAgent(folder)).find((finding) => finding.check === check)
}

describe('the doctor on the witness of the log', () => {
  it('warns of a hub that is doubted: since when, and why', async () => {
    using store = openStore()
    expect(await findingOf('witness')).toMatchObject({
      state: 'ok',
      text: expect.stringContaining('nothing'),
    })
    const known = store.witness.read()
    const witnessedAtMs = Date.now() - 60_000
    store.transaction(() => store.witness.write({ ...known, size: 3, witnessedAtMs }))
    expect(await findingOf('witness')).toMatchObject({
      state: 'ok',
      text: expect.stringContaining('witnessed 3 of'),
    })
    const doubted = { ...known, doubt: 'its log does not grow', doubtedSinceMs: AT }
    store.transaction(() => store.witness.write(doubted))
    const finding = await findingOf('witness')
    expect(finding).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('hub.doubted'),
    })
    expect(finding!.text).toContain('since 2026-11-22T08:00:00.000Z: its log does not grow')
  })
})

describe('the doctor on a hub that brings nothing any more', () => {
  const row = { size: 3, entries: 5, at: AT }
  const findingAt = (nowMs: number, { size, entries, at } = row) =>
    witnessFinding({ ...NOTHING, size, witnessedAtMs: at }, entries, nowMs)

  it('says since when it is stale, once it has witnessed nothing new for ten minutes', () => {
    expect(findingAt(AT + 9 * 60_000).state).toBe('ok')
    const finding = findingAt(AT + 11 * 60_000)
    expect(finding.state).toBe('warning')
    expect(finding.text).toContain('hub stale since 2026-11-22T08:00:00.000Z: it witnessed 3 of 5')
  })

  it('says nothing of the kind where there is nothing to witness', () => {
    expect(findingAt(AT + 86_400_000, { ...row, entries: 3 }).state).toBe('ok')
  })
})

describe('the doctor on a damaged journal', () => {
  it('names the file and the table in which a value changed by itself', async () => {
    const path = join(folder, 'agent.db')
    {
      using store = openStore()
      store.transaction(() => store.clock.raise(AT))
    }
    expect(await findingOf('journal')).toMatchObject({ state: 'ok' })
    {
      using database = new DatabaseSync(path)
      database.exec('UPDATE meta SET value = value - 1')
    }
    const finding = await findingOf('journal')
    expect(finding).toMatchObject({ state: 'failed', code: 'ERR_STORE_CORRUPT' })
    expect(finding!.text).toContain(path)
    expect(finding!.text).toContain('table meta')
  })
})
