// SPDX-License-Identifier: Apache-2.0
/** What every statement for agents says: for whom it is, and who can open it. */
import { z } from 'zod'
import { Bytes32, Id } from './primitives.ts'

/** Public keys of sealed readers; the sealed form must carry exactly these. */
export const Readers = z.array(Bytes32).min(1).max(16)

/** Whom a statement is for, and who can open it. */
export const forAgents = {
  siteId: Id,
  agentIds: z.array(Id).min(1).max(1_024),
  readers: Readers,
}
