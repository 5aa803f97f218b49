// SPDX-License-Identifier: Apache-2.0
/** Cancellations and the standing of an agent on disk: what stays, whatever someone tries. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteAgentStore, type SqliteAgentStore } from '../../src/stores/index.ts'

let folder: string
let store: SqliteAgentStore

const path = () => join(folder, 'agent.db')
const open = () => openSqliteAgentStore(path(), { clock: { now: () => 0 } })
const cancellation = { cancellationId: 'c', jobId: 'j', why: 'first', onlyOf: [] as string[] }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-standing-'))
  store = open()
})

afterEach(() => {
  store[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('cancellations', () => {
  const put = (changes: Partial<typeof cancellation>) =>
    store.transaction(() => store.cancellations.put({ ...cancellation, ...changes }, 1))

  it('count for everyone when an operator signed, else for those who signed', () => {
    put({})
    put({ jobId: 'k', onlyOf: ['ann', 'ben'] })
    expect(store.cancellations.find('j', 'ann')).toEqual({ why: 'first' })
    expect(store.cancellations.find('k', 'ben')).toEqual({ why: 'first' })
    expect(store.cancellations.find('k', 'eve')).toBeUndefined()
    expect(store.cancellations.find('l', 'ann')).toBeUndefined()
  })

  it('stand as they came first, and an operator can add a word to a customer’s', () => {
    put({ onlyOf: ['ann'] })
    put({ why: 'second' })
    put({ why: 'third' })
    expect(store.cancellations.find('j', 'eve')).toEqual({ why: 'second' })
  })

  it('cannot be taken back in the database', () => {
    put({})
    using tool = new DatabaseSync(path())
    expect(() => tool.exec('DELETE FROM cancellations')).toThrow(/never deleted/)
    expect(() => tool.exec(`UPDATE cancellations SET job_id = 'x'`)).toThrow(/never changed/)
  })
})

describe('the standing', () => {
  it('is that nothing was said, at first', () => {
    expect(store.standing.lastWord()).toBeUndefined()
    expect(store.standing.isolation()).toBeUndefined()
    expect(store.standing.epochMs()).toBe(0)
  })

  it('is what was said last, over restarts', () => {
    const word = { isIsolated: true, why: 'w', issuedAtMs: 5, sinceMs: 7 }
    store.transaction(() => store.standing.putWord(word))
    store[Symbol.dispose]()
    store = open()
    expect(store.standing.lastWord()).toEqual(word)
    expect(store.standing.isolation()).toEqual({ why: 'w', sinceMs: 7 })
    store.transaction(() => store.standing.putWord({ ...word, isIsolated: false, issuedAtMs: 6 }))
    expect(store.standing.lastWord()).toMatchObject({ isIsolated: false, issuedAtMs: 6 })
    expect(store.standing.isolation()).toBeUndefined()
  })
})
