// SPDX-License-Identifier: Apache-2.0
/** Writes each step of the ladder down: in the log of the site it concerns, in the hub's own lines, and as a count. */
import { hmacSha256 } from '@sallyport/core/crypto'
import type { Clock } from '@sallyport/core/wiring'
import type { HubLimits } from '../limits.ts'
import type { Log } from '../log.ts'
import type { Principal } from '../sessions/principals.ts'
import type { LimitStore } from '../stores/limit-store.ts'
import type { LimitEvent } from '../stores/site-log.ts'
import type { Step } from './ladder.ts'
import type { LimitCounts } from './limit-counts.ts'
import type { Quarantines } from './quarantines.ts'
import type { OpenTallies, Tallies } from './tallies.ts'

/** A step of a key, or of the address that attempts came from. */
export type StepNote =
  | {
      readonly step: Step
      readonly count: number
      readonly key: Pick<Principal, 'keyId' | 'siteId' | 'role'>
    }
  | { readonly step: Step; readonly count: number; readonly source: string }

/** Takes steps down. */
export interface StepLog {
  /** Never throws; a step that cannot be written is in the hub's own lines. */
  note(note: StepNote): Promise<void>
}

/** What the log of steps needs. */
export interface StepLogParts {
  readonly clock: Clock
  readonly log: Log
  readonly limits: HubLimits
  readonly store: LimitStore
  readonly quarantines: Quarantines
  readonly openTallies: OpenTallies
  readonly counts: LimitCounts
  /** Makes names of addresses: nobody without it can tell which one is meant. */
  readonly nameKey: Uint8Array
}

const HOUR_MS = 3_600_000
const NAME_LENGTH = 16

/** Opens the log of steps. */
export function makeStepLog(parts: StepLogParts): StepLog {
  const written = parts.openTallies({ name: 'steps', windowMs: HOUR_MS })
  return {
    async note(note) {
      const of = 'key' in note ? 'key' : 'source'
      parts.counts.add(note.step, of)
      try {
        if ('key' in note && note.step === 'quarantined') await parts.quarantines.add(note.key)
        for (const siteId of await sitesOf(parts, note)) {
          await write(parts, { siteId, note, written })
        }
      } catch (error) {
        parts.log.error({ error, step: note.step, of }, 'limit.unwritten')
      }
    },
  }
}

async function sitesOf({ store }: StepLogParts, note: StepNote): Promise<readonly string[]> {
  return 'key' in note ? [note.key.siteId] : store.siteIds()
}

/** Why bounded: whoever makes a thousand addresses climb must not fill a log that is kept for ever. */
async function write(
  parts: StepLogParts,
  { siteId, note, written }: { siteId: string; note: StepNote; written: Tallies },
): Promise<void> {
  const { stepsPerHour, stepsShown: keep } = parts.limits
  const { points } = await written.add(siteId, 1)
  const isImportant = note.step === 'quarantined'
  if (points > stepsPerHour + 1 && !isImportant) return
  const isLast = points === stepsPerHour + 1 && !isImportant
  const event: LimitEvent = isLast ? { event: 'limit.uncounted' } : eventOf(parts, note)
  parts.log.warn({ siteId, ...event }, event.event)
  await parts.store.note(siteId, event, { nowMs: parts.clock.now(), keep })
}

function eventOf({ nameKey }: StepLogParts, note: StepNote): LimitEvent {
  const { step, count } = note
  if ('key' in note) return { event: `limit.${step}`, of: 'key', subject: note.key.keyId, count }
  const name = Buffer.from(hmacSha256(nameKey, Buffer.from(note.source))).toString('hex')
  return { event: `limit.${step}`, of: 'source', subject: name.slice(0, NAME_LENGTH), count }
}
