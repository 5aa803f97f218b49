// SPDX-License-Identifier: Apache-2.0
/** The quarantine on disk: who is in it, why, since when, and how they come out. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { SqliteConnection } from '../../src/stores/sqlite-connection.ts'
import { SqliteQuarantineStore, type QuarantineLimits } from '../../src/stores/sqlite-quarantine.ts'
import { makeSchema } from '../../src/stores/sqlite-schema.ts'
import { NOW_MS, digestOf, makeFolder, removeFolders, tamper } from './agent-store-fixture.ts'

let path: string
let connection: SqliteConnection
let quarantine: SqliteQuarantineStore

beforeEach(() => open())
afterAll(removeFolders)

function open(limits?: QuarantineLimits): void {
  path = join(makeFolder(), 'agent.db')
  connection = new SqliteConnection(path, { readOnly: false })
  makeSchema(connection)
  quarantine = new SqliteQuarantineStore(connection, limits)
}

function put(n: number, reason = 'fell', sinceMs = NOW_MS): void {
  const row = { digest: digestOf(n), pluginName: 'sensors', version: '1.0.0', reason, sinceMs }
  connection.transaction(() => quarantine.put(row))
}

describe('the quarantine', () => {
  it('holds a bundle with its reason until it is lifted', () => {
    expect(quarantine.find(digestOf(1))).toBeUndefined()
    put(1)
    expect(quarantine.find(digestOf(1))).toEqual({ reason: 'fell', sinceMs: NOW_MS })
    expect(quarantine.find(digestOf(2))).toBeUndefined()
    expect(connection.transaction(() => quarantine.lift(digestOf(1)))).toBe(true)
    expect(connection.transaction(() => quarantine.lift(digestOf(1)))).toBe(false)
    expect(quarantine.find(digestOf(1))).toBeUndefined()
  })

  it('says the newest reason, cut to a bound', () => {
    put(1)
    put(1, 'x'.repeat(9_000), NOW_MS + 1)
    expect(quarantine.find(digestOf(1))).toEqual({ reason: 'x'.repeat(1_024), sinceMs: NOW_MS + 1 })
  })

  it('holds so many and no more', () => {
    open({ maxBundles: 1 })
    put(1)
    expect(() => put(2)).toThrowCode('ERR_STORE_FULL')
    expect(quarantine.find(digestOf(2))).toBeUndefined()
  })

  it('that cannot be read is not taken for empty', () => {
    put(1)
    tamper(path, 'DROP TABLE quarantine')
    expect(() => quarantine.find(digestOf(1))).toThrowCode('ERR_STORE_READ')
  })
})
