// SPDX-License-Identifier: Apache-2.0
/** Sessions that were ended before their token does. The database knows them; keyv spares asking it at every request. */
import type { Keyv } from 'keyv'

/** What is known of a session. */
export type SessionMark = 'alive' | 'ended'

/** Gives the marks of this moment; undefined while there is no place that all processes of the hub share. */
export type SessionMarks = () => Keyv<SessionMark> | undefined

/** What the ends are kept in. */
export interface SessionEndsParts {
  /** How long a token lives. Units: milliseconds. */
  readonly tokenMs: number
  readonly database: {
    take(kind: string, value: string, ttlMs: number): Promise<boolean>
    has(kind: string, value: string): Promise<boolean>
  }
  readonly marks: SessionMarks
}

/** Another process may note an end just as this one notes a life; the end counts after this at the latest. */
const ALIVE_MS = 5_000

/** Ends sessions and knows which were. */
export class SessionEnds {
  readonly #parts: SessionEndsParts

  constructor(parts: SessionEndsParts) {
    this.#parts = parts
  }

  /** Ends a session. Its token is dead when this resolves. */
  async end(tokenId: string): Promise<void> {
    const { database, marks, tokenMs } = this.#parts
    await database.take('ended', tokenId, tokenMs)
    await marks()?.set(tokenId, 'ended', tokenMs)
  }

  /** Whether a session was ended. */
  async hasEnded(tokenId: string): Promise<boolean> {
    const { database, marks } = this.#parts
    const keyv = marks()
    const mark = await keyv?.get(tokenId)
    if (mark !== undefined) return mark === 'ended'
    const hasEnded = await database.has('ended', tokenId)
    if (!hasEnded) await keyv?.set(tokenId, 'alive', ALIVE_MS)
    return hasEnded
  }
}
