// SPDX-License-Identifier: Apache-2.0
/** The parts that every hub has: its database, and room on the disk for what it writes. */
import { statfs } from 'node:fs/promises'
import type { HubDatabase } from '../stores/database.ts'
import type { PartState, ReadyPart } from './ready.ts'

const MIB = 1_024 * 1_024

/** Below this the disk is low: the time to act is before a write fails. */
const LOW_DISK_BYTES = 512 * MIB

/** The database. Without it nobody is recognised and nothing is kept. */
export function databasePart(db: HubDatabase): ReadyPart {
  return {
    name: 'database',
    isNeeded: true,
    async look(): Promise<PartState> {
      await db.selectFrom('sites').select('site_id').limit(1).execute()
      return 'ok'
    },
  }
}

/** The disk that the folder is on. */
export function diskPart(folder: string, lowBytes = LOW_DISK_BYTES): ReadyPart {
  return {
    name: 'disk',
    isNeeded: false,
    async look(): Promise<PartState> {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize < lowBytes ? 'degraded' : 'ok'
    },
  }
}

/** Redis, where the hub has one. Without it the database remembers what was used: slower, and no less. */
export function redisPart(redis: { readonly generation: string | undefined }): ReadyPart {
  return {
    name: 'redis',
    isNeeded: false,
    look: () => (redis.generation === undefined ? 'away' : 'ok'),
  }
}

/** Tokens that whoever verifies them can also make. */
export const LEGACY_TOKENS: ReadyPart = {
  name: 'legacy_hs512',
  isNeeded: false,
  look: () => 'degraded',
}
