// SPDX-License-Identifier: Apache-2.0
/** The revocations an agent has accepted, one row each, for ever. */
import { CodedError } from '@sallyport/sdk'
import type { HeldRevocation, RevocableParts, RevocationStore } from '../admission/ports.ts'
import { epochMs, type Revocation } from '../protocol/index.ts'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const MAX_ENVELOPE_BYTES = 131_072
const MAX_WHY_LENGTH = 512

/** How much is held. Why no age: a revocation does not expire. */
export const REVOCATION_LIMITS = { maxRevocations: 16_384 } as const

/** Tables of this file. */
export const REVOCATIONS_SCHEMA = `
  CREATE TABLE revocations (
    revocation_id TEXT PRIMARY KEY,
    subject TEXT NOT NULL CHECK (subject IN ('plugin', 'digest', 'publisherKey')),
    value TEXT NOT NULL,
    why TEXT NOT NULL CHECK (length(why) <= ${MAX_WHY_LENGTH}),
    issued_at_ms INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    envelope BLOB NOT NULL CHECK (length(envelope) <= ${MAX_ENVELOPE_BYTES})
  ) STRICT;
  CREATE INDEX revocations_by_subject ON revocations (subject, value, issued_at_ms);
`

/** Seat belts: what was revoked stays revoked. */
export const REVOCATIONS_TRIGGERS = `
  CREATE TRIGGER IF NOT EXISTS revocations_stay BEFORE DELETE ON revocations
  BEGIN SELECT RAISE(ABORT, 'revocations are never deleted'); END;
  CREATE TRIGGER IF NOT EXISTS revocations_stand BEFORE UPDATE ON revocations
  BEGIN SELECT RAISE(ABORT, 'revocations are never changed'); END;
`

const NEWEST = `
  SELECT revocation_id, subject, why, issued_at_ms FROM revocations
  WHERE (subject = 'plugin' AND value = ?) OR (subject = 'digest' AND value = ?)
    OR (subject = 'publisherKey' AND value = ?)
  ORDER BY issued_at_ms DESC, revocation_id DESC LIMIT 1
`
const COUNT = 'SELECT count(*) AS row_count FROM revocations'
const PUT = `
  INSERT INTO revocations
    (revocation_id, subject, value, why, issued_at_ms, accepted_at_ms, envelope)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (revocation_id) DO NOTHING
`

/** The revocations, as admission and the journal see them. */
export class SqliteRevocationStore implements RevocationStore {
  readonly #connection: SqliteConnection
  readonly #limits: RevocationLimits

  constructor(connection: SqliteConnection, limits: RevocationLimits = REVOCATION_LIMITS) {
    this.#connection = connection
    this.#limits = limits
  }

  /** The most recently issued revocation of any of these parts. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  newest({ plugin, digest, publisherKey }: RevocableParts): HeldRevocation | undefined {
    const row = this.#connection.get(NEWEST, plugin, digest, publisherKey)
    return (
      row && {
        revocationId: textIn(row, 'revocation_id'),
        subject: textIn(row, 'subject') as HeldRevocation['subject'],
        issuedAtMs: integerIn(row, 'issued_at_ms'),
        why: textIn(row, 'why'),
      }
    )
  }

  /** Keeps a revocation; the first of its id stands. Throws: ERR_STORE_FULL. */
  put(revocation: Revocation, envelope: Uint8Array, atMs: number): void {
    const { revocationId, why, issuedAt } = revocation
    const [subject, value] = Object.entries(revocation.subject)[0] as [string, string]
    const times = [epochMs(issuedAt), atMs]
    this.#connection.write(PUT, revocationId, subject, value, why, ...times, envelope)
    const held = integerIn(this.#connection.get(COUNT)!, 'row_count')
    if (held <= this.#limits.maxRevocations) return
    throw new CodedError('ERR_STORE_FULL', 'the revocations take more room than they may', {
      details: { held },
    })
  }
}

/** The limits that are counted, not checked by the schema. */
export type RevocationLimits = Readonly<Record<keyof typeof REVOCATION_LIMITS, number>>
