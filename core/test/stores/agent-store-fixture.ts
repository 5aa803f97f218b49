// SPDX-License-Identifier: Apache-2.0
/** An agent's database in a folder of its own, and the rows tests put into it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AuditLog, auditOrigin } from '@sallyport/core/audit'
import { makeSigningKey } from '@sallyport/core/crypto'
import type { Approval } from '@sallyport/core/protocol'
import type { Journal, OutboxRow, RunRow } from '@sallyport/core/runner'
import {
  makeSqliteJournal,
  openSqliteAgentStore,
  type SqliteAgentStore,
} from '@sallyport/core/stores'

export const NOW_MS = Date.parse('2026-11-22T08:00:00.000Z')
export const CLOCK = { now: () => NOW_MS }
export const KEY = makeSigningKey(new Uint8Array(32).fill(7))
export const ORIGIN = auditOrigin('01890a5d-ac96-774b-bcce-b302099a8057')

const folders: string[] = []

/** A new folder of mode 0700, removed by `removeFolders`. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-stores-'))
  folders.push(folder)
  return folder
}

/** Removes what `makeFolder` made. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** A store in a new folder. */
export function openStore(path = join(makeFolder(), 'agent.db')): SqliteAgentStore {
  return openSqliteAgentStore(path, { clock: CLOCK })
}

/** The journal over a store. */
export function journalOf(store: SqliteAgentStore): Journal {
  return makeSqliteJournal(store, new AuditLog(store.audit, ORIGIN, KEY))
}

/** The n-th id of its kind. */
export function idOf(n: number): string {
  return `01890a5d-ac96-774b-8bce-${n.toString(16).padStart(12, '0')}`
}

/** A run whose intent is on record. */
export function runOf(n: number, more: Partial<RunRow> = {}): RunRow {
  return {
    jobId: idOf(n),
    envelopeId: idOf(n),
    jobType: 'sensors/read',
    state: 'intent',
    payload: Uint8Array.of(1, 2, 3),
    receivedAtMs: NOW_MS + n,
    acknowledgedAtMs: null,
    kept: null,
    ...more,
  }
}

/** A signed answer. */
export function answerOf(n: number, more: Partial<OutboxRow> = {}): OutboxRow {
  return {
    envelopeId: idOf(n),
    jobId: null,
    signed: Uint8Array.of(n & 255, 1),
    readers: ['reader-a', 'reader-b'],
    sealed: null,
    acknowledgedAtMs: null,
    ...more,
  }
}

const HOUR_MS = 3_600_000

/** An approval issued so many hours after `NOW_MS`, for a day. */
export function approvalOf(n: number, issuedAfterHours: number, plugin = 'sensors'): Approval {
  const issuedAtMs = NOW_MS + issuedAfterHours * HOUR_MS
  return {
    approvalId: idOf(n),
    siteId: idOf(1),
    agentIds: [idOf(2)],
    plugin: { name: plugin, version: `0.1.${n}`, digest: digestOf(n) },
    publisher: { name: 'acme', key: 'A'.repeat(43) },
    publication: 'e30',
    jobs: {},
    bindings: [],
    overrides: [],
    issuedAt: new Date(issuedAtMs).toISOString(),
    expiresAt: new Date(issuedAtMs + 24 * HOUR_MS).toISOString(),
    readers: ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  }
}

/** The digest of the n-th bundle. */
export function digestOf(n: number): string {
  return `sha256:${n.toString(16).padStart(64, '0')}`
}

/** Does something to the file behind a store's back, with every seat belt off. */
export function tamper(path: string, script: string): void {
  using database = new DatabaseSync(path, { defensive: false })
  database.exec(script)
}
