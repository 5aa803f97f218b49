// SPDX-License-Identifier: Apache-2.0
/** Puts the parts of sessions together. */
import type { AccessTokenAlgorithm } from '@sallyport/core/crypto'
import type { Clock } from '@sallyport/core/wiring'
import type { Lives } from '../agents/lives.ts'
import type { HubLimits } from '../limits.ts'
import type { SessionKeyStore } from '../stores/session-key-store.ts'
import type { HubAddresses } from './addresses.ts'
import type { OnceMemory } from './once-store.ts'
import { OnceValues } from './once-values.ts'
import { SessionEnds, type SessionEndsParts } from './session-ends.ts'
import type { Principals } from './principals.ts'
import { Proofs } from './proofs.ts'
import { SessionKeys } from './session-keys.ts'
import { Sessions } from './sessions.ts'

/** What sessions need of the hub. */
export interface SessionSurroundings {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly principals: Principals
  readonly lives: Lives
  readonly addresses: HubAddresses
  readonly store: SessionKeyStore
  /** Redis, where the hub has one. */
  readonly redis: OnceMemory | undefined
  /** Of this process, where it is the only one of its store. */
  readonly memory: OnceMemory | undefined
  readonly database: OnceMemory & { readonly generation: string } & SessionEndsParts['database']
  readonly marks: SessionEndsParts['marks']
  readonly algorithm: AccessTokenAlgorithm
}

/** Makes challenges and nonces, and the sessions that are opened with them. */
export function makeSessions(parts: SessionSurroundings): { once: OnceValues; sessions: Sessions } {
  const { clock, limits, principals, lives, addresses, store, database, algorithm } = parts
  const keys = new SessionKeys({ clock, limits, store, algorithm })
  const memories = [parts.redis, parts.memory ?? database].filter((one) => one !== undefined)
  const once = new OnceValues({ clock, limits, keys, memories, burned: database })
  const ends = new SessionEnds({ tokenMs: limits.tokenMs, database, marks: parts.marks })
  const proofs = new Proofs(once, addresses)
  return {
    once,
    sessions: new Sessions({ clock, limits, keys, once, proofs, ends, principals, lives }),
  }
}
