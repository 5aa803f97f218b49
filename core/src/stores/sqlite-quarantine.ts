// SPDX-License-Identifier: Apache-2.0
/** The bundles an agent has put aside, with the reason, until an operator releases them. */
import { CodedError } from '@sallyport/sdk'
import type { Quarantined, QuarantineStore } from '../admission/ports.ts'
import type { QuarantineRow } from '../runner/ports.ts'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const MAX_REASON_LENGTH = 1_024

/** How much is held. */
export const QUARANTINE_LIMITS = { maxBundles: 4_096 } as const

/** Tables of this file. */
export const QUARANTINE_SCHEMA = `
  CREATE TABLE quarantine (
    digest TEXT PRIMARY KEY,
    plugin_name TEXT NOT NULL,
    version TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) <= ${MAX_REASON_LENGTH}),
    since_ms INTEGER NOT NULL
  ) STRICT;
`

const FIND = 'SELECT reason, since_ms FROM quarantine WHERE digest = ?'
const COUNT = 'SELECT count(*) AS row_count FROM quarantine'
const PUT = `
  INSERT INTO quarantine (digest, plugin_name, version, reason, since_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, since_ms = excluded.since_ms
`
const LIFT = 'DELETE FROM quarantine WHERE digest = ?'

/** The quarantine, as admission and the journal see it. */
export class SqliteQuarantineStore implements QuarantineStore {
  readonly #connection: SqliteConnection
  readonly #limits: QuarantineLimits

  constructor(connection: SqliteConnection, limits: QuarantineLimits = QUARANTINE_LIMITS) {
    this.#connection = connection
    this.#limits = limits
  }

  /** Why and since when a bundle is put aside. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  find(digest: string): Quarantined | undefined {
    const row = this.#connection.get(FIND, digest)
    return row && { reason: textIn(row, 'reason'), sinceMs: integerIn(row, 'since_ms') }
  }

  /** Puts a bundle aside; the newest reason stands. Throws: ERR_STORE_FULL. */
  put({ digest, pluginName, version, reason, sinceMs }: QuarantineRow): void {
    const text = reason.slice(0, MAX_REASON_LENGTH)
    this.#connection.write(PUT, digest, pluginName, version, text, sinceMs)
    const held = integerIn(this.#connection.get(COUNT)!, 'row_count')
    if (held <= this.#limits.maxBundles) return
    throw new CodedError('ERR_STORE_FULL', 'the quarantine takes more room than it may', {
      details: { held },
    })
  }

  /** Takes a bundle out; says whether it was in. */
  lift(digest: string): boolean {
    return this.#connection.write(LIFT, digest) > 0
  }
}

/** The limits that are counted, not checked by the schema. */
export type QuarantineLimits = Readonly<Record<keyof typeof QUARANTINE_LIMITS, number>>
