// SPDX-License-Identifier: Apache-2.0
/** The runner's journal over an agent's database and its audit log. */
import type { AuditLog } from '../audit/index.ts'
import type { Journal, OutboxRow, RunRow } from '../runner/ports.ts'
import type { SqliteAgentStore } from './sqlite-agent-store.ts'

/** Makes the journal. `log` must be over `store.audit`, so that entries commit with what they are about. */
export function makeSqliteJournal(store: SqliteAgentStore, log: AuditLog): Journal {
  const {
    runs,
    outbox,
    approvals,
    revocations,
    quarantine,
    cancellations,
    standing,
    schedules,
    clock,
  } = store
  return {
    transaction: (write) => store.transaction(write),
    findRun: (jobId) => runs.find(jobId),
    addRun: (run) => addRun(store, run),
    keep: (jobId, kept) => runs.keep(jobId, kept),
    finishRun: (jobId, finishedAtMs) => runs.finish(jobId, finishedAtMs),
    openRuns: () => runs.withoutOutcome(),
    putOutbox: (answer) => putAnswer(store, answer),
    setSealed: (envelopeId, sealed) => outbox.setSealed(envelopeId, sealed),
    findOutbox: (envelopeId) => outbox.find(envelopeId),
    outbox: () => outbox.pending(),
    acknowledge: (envelopeId, atMs) => {
      const jobId = outbox.acknowledge(envelopeId, atMs)
      if (jobId !== null) {
        runs.acknowledge(jobId, envelopeId, atMs)
        schedules.forgetRun(jobId, envelopeId)
      }
    },
    audit: (events, atMs) => log.append(events, atMs).map((entry) => entry.index),
    prove: (index) => log.prove(index),
    raiseClock: (nowMs) => clock.raise(nowMs),
    hasBundle: (digest) => approvals.hasBundle(digest),
    putBundle: (digest, bytes) => approvals.putBundle(digest, bytes),
    putApproval: (approval, envelope, atMs) => approvals.put(approval, envelope, atMs),
    putRevocation: (revocation, envelope, atMs) => revocations.put(revocation, envelope, atMs),
    concernedBy: (revocation) => approvals.concernedBy(revocation),
    putQuarantine: (row) => quarantine.put(row),
    liftQuarantine: (digest) => quarantine.lift(digest),
    putCancellation: (row, atMs) => cancellations.put(row, atMs),
    isolationWord: () => standing.lastWord(),
    putIsolationWord: (word) => standing.putWord(word),
    schedules,
  }
}

/** Why room is asked for here: a run that begins must be able to end with an answer. */
function addRun(store: SqliteAgentStore, run: Omit<RunRow, 'kept'>): void {
  if (run.state === 'intent') store.outbox.expectRoom(store.runs.withoutOutcomeCount() + 1)
  store.runs.add(run)
}

/** The answer of a run has its room reserved; any other answer must leave that room free. */
function putAnswer(store: SqliteAgentStore, answer: OutboxRow): void {
  const run = answer.jobId === null ? undefined : store.runs.find(answer.jobId)
  const isOutcome = run?.state === 'finished' && run.envelopeId === answer.envelopeId
  if (!isOutcome) store.outbox.expectRoom(store.runs.withoutOutcomeCount() + 1)
  store.outbox.put(answer)
}
