// SPDX-License-Identifier: Apache-2.0
/** Whether this agent takes jobs: what was said last about it, over restarts. */
import type { AgentStanding, IsolationWord } from '../admission/ports.ts'
import { integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const MAX_WHY_LENGTH = 512

/** Tables of this file: one row at most. */
export const STANDING_SCHEMA = `
  CREATE TABLE isolation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    is_isolated INTEGER NOT NULL CHECK (is_isolated IN (0, 1)),
    why TEXT NOT NULL CHECK (length(why) <= ${MAX_WHY_LENGTH}),
    issued_at_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL
  ) STRICT;
`

const LAST = 'SELECT is_isolated, why, issued_at_ms, since_ms FROM isolation WHERE one = 1'
const EPOCH = 'SELECT since_ms FROM epochs ORDER BY number DESC LIMIT 1'
const PUT = `
  INSERT OR REPLACE INTO isolation (one, is_isolated, why, issued_at_ms, since_ms)
  VALUES (1, ?, ?, ?, ?)
`

/** The standing of an agent, as admission and the journal see it. */
export class SqliteStandingStore implements AgentStanding {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Present while the agent takes no jobs. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  isolation(): { readonly why: string; readonly sinceMs: number } | undefined {
    const last = this.lastWord()
    return last?.isIsolated === true ? { why: last.why, sinceMs: last.sinceMs } : undefined
  }

  /** Jobs issued before this may have run in a memory that was lost; 0 when none was. */
  epochMs(): number {
    const row = this.#connection.get(EPOCH)
    return row === undefined ? 0 : integerIn(row, 'since_ms')
  }

  /** What was said last. Throws: ERR_STORE_CORRUPT, ERR_STORE_READ. */
  lastWord(): IsolationWord | undefined {
    const row = this.#connection.get(LAST)
    return (
      row && {
        isIsolated: integerIn(row, 'is_isolated') === 1,
        why: textIn(row, 'why'),
        issuedAtMs: integerIn(row, 'issued_at_ms'),
        sinceMs: integerIn(row, 'since_ms'),
      }
    )
  }

  /** Replaces it; whoever calls has seen that this one counts. Called inside a transaction. */
  putWord({ isIsolated, why, issuedAtMs, sinceMs }: IsolationWord): void {
    this.#connection.write(PUT, isIsolated ? 1 : 0, why, issuedAtMs, sinceMs)
  }
}
