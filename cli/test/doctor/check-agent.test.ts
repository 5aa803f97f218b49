// SPDX-License-Identifier: Apache-2.0
/** What the doctor says of an agent's journal, and of its hub as a witness. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { checkAgent } from '../../src/doctor/check-agent.ts'
import type { Finding } from '../../src/doctor/finding.ts'

const AT = Date.parse('2026-11-22T08:00:00.000Z')

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
    store.transaction(() => store.witness.write({ ...known, size: 3, witnessedAtMs: AT }))
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
