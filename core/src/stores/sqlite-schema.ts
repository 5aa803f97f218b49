// SPDX-License-Identifier: Apache-2.0
/** The tables of an agent's database: made once, brought up to date and checked at every start. */
import { CodedError } from '@sallyport/sdk'
import { APPROVALS_SCHEMA } from './sqlite-approvals.ts'
import { AUTHORITY_SCHEMA, AUTHORITY_TRIGGERS } from './sqlite-authority.ts'
import { AUDIT_FROM_VERSION_3, AUDIT_SCHEMA, AUDIT_TRIGGERS } from './sqlite-audit-store.ts'
import { BINDING_LOCKS_SCHEMA } from './sqlite-binding-locks.ts'
import { CANCELLATIONS_SCHEMA, CANCELLATIONS_TRIGGERS } from './sqlite-cancellations.ts'
import { integerIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { META_SCHEMA } from './sqlite-meta.ts'
import { OUTBOX_SCHEMA } from './sqlite-outbox.ts'
import { QUARANTINE_SCHEMA } from './sqlite-quarantine.ts'
import { ROW_SUMS_SCHEMA, fillRowSums } from './sqlite-row-sums.ts'
import { REVOCATIONS_SCHEMA, REVOCATIONS_TRIGGERS } from './sqlite-revocations.ts'
import { WITNESS_SCHEMA, WITNESS_TRIGGERS } from './sqlite-witness.ts'
import {
  RUNS_FROM_VERSION_2,
  RUNS_FROM_VERSION_3,
  RUNS_SCHEMA,
  RUNS_TRIGGERS,
} from './sqlite-runs.ts'
import { SCHEDULES_SCHEMA } from './sqlite-schedules.ts'
import { STANDING_SCHEMA } from './sqlite-standing.ts'

/** The version of the tables this code works with. */
export const SCHEMA_VERSION = 4

/** What makes the tables of a version those of the next one, by the version it begins with. */
const STEPS_UP: ReadonlyMap<number, string> = new Map([
  [2, RUNS_FROM_VERSION_2 + BINDING_LOCKS_SCHEMA],
  [
    3,
    [
      RUNS_FROM_VERSION_3,
      AUTHORITY_SCHEMA,
      CANCELLATIONS_SCHEMA,
      STANDING_SCHEMA,
      SCHEDULES_SCHEMA,
      WITNESS_SCHEMA,
      AUDIT_FROM_VERSION_3,
      ROW_SUMS_SCHEMA,
    ].join(''),
  ],
])

/** `SALY`, so that another program's database is not taken for ours. */
const APPLICATION_ID = 0x53_41_4c_59

const SCHEMA = [
  META_SCHEMA,
  RUNS_SCHEMA,
  OUTBOX_SCHEMA,
  APPROVALS_SCHEMA,
  REVOCATIONS_SCHEMA,
  QUARANTINE_SCHEMA,
  BINDING_LOCKS_SCHEMA,
  AUTHORITY_SCHEMA,
  CANCELLATIONS_SCHEMA,
  STANDING_SCHEMA,
  SCHEDULES_SCHEMA,
  WITNESS_SCHEMA,
  AUDIT_SCHEMA,
  ROW_SUMS_SCHEMA,
].join('')
const TRIGGERS = [
  RUNS_TRIGGERS,
  AUTHORITY_TRIGGERS,
  CANCELLATIONS_TRIGGERS,
  REVOCATIONS_TRIGGERS,
  WITNESS_TRIGGERS,
  AUDIT_TRIGGERS,
].join('')

/** Whether the file holds no tables yet. */
export function isBlank(connection: SqliteConnection): boolean {
  const count = integerIn(connection.get('SELECT count(*) AS made FROM sqlite_schema')!, 'made')
  return count === 0 && pragma(connection, 'user_version') === 0
}

/** Makes all tables in one transaction, so that a kill leaves all or none. */
export function makeSchema(connection: SqliteConnection): void {
  connection.transaction(() => {
    connection.run(`
      ${SCHEMA}
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${SCHEMA_VERSION};
    `)
    fillRowSums(connection)
  })
}

/** Puts back the seat belts that someone took off. */
export function makeTriggers(connection: SqliteConnection): void {
  connection.transaction(() => connection.run(TRIGGERS))
}

/**
 * Checks that the file is an agent's database, whole and of a known version; an older one is brought up to date where
 * that is known and `mayUpgrade`.
 *
 * Why not anew: an agent's journal is the truth about replays, and a new version of the program must not cost it.
 * Throws: ERR_STORE_CORRUPT, ERR_STORE_OLDER, ERR_STORE_NEWER, ERR_STORE_WRITE.
 */
export function checkSchema(
  connection: SqliteConnection,
  { mayUpgrade }: { readonly mayUpgrade: boolean },
): void {
  const { path } = connection
  const damage = connection.get('PRAGMA quick_check(1)')?.['quick_check']
  if (damage !== 'ok') throw corrupt(path, String(damage))
  if (pragma(connection, 'application_id') !== APPLICATION_ID) {
    throw corrupt(path, 'it is not the database of an agent')
  }
  if (mayUpgrade) upgradeSchema(connection)
  const version = pragma(connection, 'user_version')
  if (version === SCHEMA_VERSION) return
  if (version === 0) throw corrupt(path, 'its tables were never finished')
  const [code, age] =
    version > SCHEMA_VERSION ? ['ERR_STORE_NEWER', 'a newer'] : ['ERR_STORE_OLDER', 'an older']
  throw new CodedError(code, `${path} was written by ${age} version of Sallyport`, {
    details: { path, version, knownVersion: SCHEMA_VERSION },
  })
}

/** One transaction for all steps, so that a kill leaves the old tables or the new ones. */
function upgradeSchema(connection: SqliteConnection): void {
  const from = pragma(connection, 'user_version')
  if (!STEPS_UP.has(from)) return
  connection.transaction(() => {
    for (let version = from; STEPS_UP.has(version); version += 1) {
      connection.run(`${STEPS_UP.get(version)!} PRAGMA user_version = ${version + 1};`)
    }
    fillRowSums(connection)
  })
}

/** Checks that every index says what its table says. Throws: ERR_STORE_CORRUPT. */
export function checkContent(connection: SqliteConnection): void {
  const damage = connection.get('PRAGMA integrity_check(1)')?.['integrity_check']
  if (damage !== 'ok') throw corrupt(connection.path, String(damage))
}

function pragma(connection: SqliteConnection, name: string): number {
  return integerIn(connection.get(`PRAGMA ${name}`)!, name)
}

function corrupt(path: string, why: string): CodedError {
  const remedy = 'Keep a copy of the file, then restore it or enrol the agent anew.'
  return new CodedError('ERR_STORE_CORRUPT', `${path} is damaged: ${why}. ${remedy}`, {
    details: { path, why },
  })
}
