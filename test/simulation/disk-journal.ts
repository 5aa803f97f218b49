// SPDX-License-Identifier: Apache-2.0
/** The journal on a simulated disk: what `makeSqliteJournal` is on a real one, held against it in a test of its own. */
import type { AuditLog } from '@sallyport/core/audit'
import { NO_SCHEDULES, type Journal, type OutboxRow, type RunRow } from '@sallyport/core/runner'
import { CodedError } from '@sallyport/sdk'
import { withEntry, type Disk } from './disk.ts'
import { concernedBy } from './disk-questions.ts'
import type { Life } from './timeline.ts'

const NOTHING = new Uint8Array(0)

/** Makes the journal of one process. `log` must be over the same disk. */
export function makeDiskJournal(disk: Disk, log: AuditLog, life: Life): Journal {
  /** What a process sees; nothing once it is dead. */
  const seen = () => {
    life.expectAlive()
    return disk.seen
  }
  const changeRun = (jobId: string, changes: Partial<RunRow>): void => {
    const run = seen().runs.get(jobId)
    if (run?.state !== 'intent') throw conflict(`job ${jobId} is not running`)
    disk.write({ runs: withEntry(seen().runs, jobId, { ...run, ...changes }) })
  }
  const changeAnswer = (row: OutboxRow, changes: Partial<OutboxRow>): void =>
    disk.write({ outbox: withEntry(seen().outbox, row.envelopeId, { ...row, ...changes }) })
  return {
    transaction: (write) => disk.transaction(life, write),
    findRun: (jobId) => seen().runs.get(jobId),
    addRun(row) {
      if (seen().runs.has(row.jobId)) throw conflict(`job ${row.jobId} was taken before`)
      disk.write({ runs: withEntry(seen().runs, row.jobId, { ...row, kept: null }) })
    },
    keep: (jobId, kept) => changeRun(jobId, { kept }),
    finishRun: (jobId) => changeRun(jobId, { state: 'finished' }),
    openRuns: () =>
      [...seen().runs.values()]
        .filter(({ state }) => state === 'intent')
        .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs),
    putOutbox(row) {
      if (seen().outbox.has(row.envelopeId)) return
      disk.write({ outbox: withEntry(seen().outbox, row.envelopeId, row) })
    },
    setSealed(envelopeId, sealed) {
      const row = seen().outbox.get(envelopeId)
      if (row?.sealed === null) changeAnswer(row, { sealed })
    },
    findOutbox(envelopeId) {
      disk.expectReadable()
      return seen().outbox.get(envelopeId)
    },
    outbox: () => [...seen().outbox.values()].filter((row) => row.acknowledgedAtMs === null),
    acknowledge(envelopeId, acknowledgedAtMs) {
      const row = seen().outbox.get(envelopeId)
      if (row === undefined || row.acknowledgedAtMs !== null) return
      changeAnswer(row, { acknowledgedAtMs })
      const run = row.jobId === null ? undefined : seen().runs.get(row.jobId)
      const isAnswered = run?.envelopeId === envelopeId && run.state !== 'intent'
      if (!isAnswered || run.acknowledgedAtMs !== null) return
      const over = { ...run, acknowledgedAtMs, payload: NOTHING, kept: null }
      disk.write({ runs: withEntry(seen().runs, run.jobId, over) })
    },
    audit: (events, atMs) => log.append(events, atMs).map(({ index }) => index),
    prove: (index) => log.prove(index),
    raiseClock: (nowMs) => disk.write({ highestMs: Math.max(nowMs, seen().highestMs) }),
    hasBundle: (digest) => seen().bundles.has(digest),
    putBundle: (digest, bytes) => disk.write({ bundles: withEntry(seen().bundles, digest, bytes) }),
    putApproval(approval, envelope) {
      const { approvals } = seen()
      const isHeld = approvals.some((each) => each.approval.approvalId === approval.approvalId)
      if (!isHeld) disk.write({ approvals: [...approvals, { approval, envelope }] })
    },
    putRevocation(revocation) {
      const { revocations } = seen()
      const { revocationId } = revocation
      const isHeld = revocations.some((each) => each.revocationId === revocationId)
      if (!isHeld) disk.write({ revocations: [...revocations, revocation] })
    },
    concernedBy: (revocation) => concernedBy(revocation, seen().approvals),
    putQuarantine: (row) =>
      disk.write({ quarantine: withEntry(seen().quarantine, row.digest, row) }),
    liftQuarantine(digest) {
      const quarantine = new Map(seen().quarantine)
      const wasIn = quarantine.delete(digest)
      disk.write({ quarantine })
      return wasIn
    },
    putCancellation(row: { jobId: string; why: string; onlyOf: readonly string[] }) {
      const { jobId, why, onlyOf } = row
      disk.write({ cancellations: [...seen().cancellations, { jobId, why, onlyOf }] })
    },
    isolationWord: () => seen().isolation,
    putIsolationWord: (isolation: NonNullable<ReturnType<typeof seen>['isolation']>) =>
      disk.write({ isolation }),
    schedules: NO_SCHEDULES,
  }
}

function conflict(message: string): CodedError {
  return new CodedError('ERR_STORE_CONFLICT', message)
}
