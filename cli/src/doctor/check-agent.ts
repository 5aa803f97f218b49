// SPDX-License-Identifier: Apache-2.0
/** The state of an agent's journal and audit log. */
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMISSION_LIMITS } from '@sallyport/core/admission'
import type { WitnessRow } from '@sallyport/core/audit'
import { instantOf } from '@sallyport/core/protocol'
import { openSqliteAgentStore } from '@sallyport/core/stores'
import { isCodedError } from '@sallyport/sdk'
import { counted, size } from '../output/words.ts'
import { checkClock } from './check-clock.ts'
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** An agent that runs shows its entries within seconds. */
const STALE_AFTER_MS = 10 * 60_000
const LITTLE_SPACE_BYTES = 256 * 1_024 * 1_024

/** Looks at the journal of the agent in this folder, and at the clock by the highest time it has recorded. */
export async function checkAgent(stateDir: string): Promise<Finding[]> {
  const now = () => Date.now()
  const path = join(stateDir, 'agent.db')
  if (!existsSync(path)) return checkClock(now(), 0, 0)
  try {
    using store = openSqliteAgentStore(path, { clock: { now }, mode: 'readOnly' })
    store.check()
    const { open, pending, entries, highest, witness } = store.snapshot(() => ({
      open: store.runs.withoutOutcomeCount(),
      pending: store.outbox.pending().length,
      entries: store.audit.size(),
      highest: store.clock.highest(),
      witness: store.witness.read(),
    }))
    const text = `journal: ${counted(open, 'run')} open, ${counted(pending, 'answer')} not yet at the hub, ${counted(entries, 'audit entry', 'audit entries')}`
    return [
      pending > 0
        ? warning('journal', text, 'see whether the hub can be reached from here')
        : ok('journal', text),
      witnessFinding(witness, entries, now()),
      await spaceFinding(stateDir),
      ...checkClock(now(), highest, ADMISSION_LIMITS.maxClockStepBackMs),
    ]
  } catch (error) {
    if (!isCodedError(error)) throw error
    const remedy = 'keep a copy of the state directory; the agent runs nothing until it can be read'
    return [
      failed('journal', `${path}: ${error.message}`, { code: error.code, remedy }),
      ...checkClock(now(), 0, 0),
    ]
  }
}

/** What the agent makes of its hub as a witness of its log. */
export function witnessFinding(
  { doubt, doubtedSinceMs, size, witnessedAtMs }: WitnessRow,
  entries: number,
  nowMs: number,
): Finding {
  if (doubt !== null) {
    const since = doubtedSinceMs === null ? 'an unknown time' : instantOf(doubtedSinceMs)
    const text = `the hub is no faithful witness of the log since ${since}: ${doubt}`
    const remedy =
      'see `hub.doubted` in `sallyport audit query` for both heads; jobs go on meanwhile'
    return warning('witness', text, remedy)
  }
  if (witnessedAtMs === null) return ok('witness', 'the hub has witnessed nothing of the log yet')
  const at = instantOf(witnessedAtMs)
  const part = `${size} of ${counted(entries, 'entry', 'entries')}`
  if (size >= entries || nowMs - witnessedAtMs < STALE_AFTER_MS) {
    return ok('witness', `the hub witnessed ${part} at ${at}`)
  }
  const remedy = "a hub that is away or frozen brings no jobs: look at it, and at the agent's log"
  return warning(
    'witness',
    `hub stale since ${at}: it witnessed ${part} then, and none since`,
    remedy,
  )
}

async function spaceFinding(stateDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(stateDir)
  const text = `${size(bavail * bsize)} free where the journal is`
  return bavail * bsize < LITTLE_SPACE_BYTES
    ? warning('space', text, 'free some: without space for the journal no job runs')
    : ok('space', text)
}
