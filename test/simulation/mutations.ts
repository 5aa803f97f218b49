// SPDX-License-Identifier: Apache-2.0
/**
 * Ways to break the core, each of which the simulation has to find. `npm run simulate -- --mutations` says after how many
 * seeds each was found.
 */
import type { Mutation } from '../support/mutation.ts'

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a job runs under any label',
    file: 'core/src/admission/check-replay.ts',
    find: "return id === label ? pass(true) : refuse('relabelled', { id, label })",
    put: 'return pass(id !== undefined)',
  },
  {
    name: 'a job from before the epoch runs',
    file: 'core/src/admission/check-standing.ts',
    find: 'if (epochMs(job.issuedAt) < epoch.value)',
    put: 'if (epochMs(job.issuedAt) < 0)',
  },
  {
    name: 'a resumed run runs again',
    file: 'core/src/runner/resume.ts',
    find: '    resume: kept,\n',
    put: '',
  },
  {
    name: 'the intent is written a turn later',
    file: 'core/src/runner/recorder.ts',
    find: '    const { journal } = this.#ports\n    const started = performance.now()\n',
    put: `    const { journal: real } = this.#ports
    const transaction = (write: () => void) => void setImmediate(() => real.transaction(write))
    const journal = { ...real, transaction }
    const started = performance.now()
`,
  },
  {
    name: 'a run does not end with its outcome',
    file: 'core/src/runner/recorder.ts',
    find: `      this.#ports.journal.finishRun(job.jobId, this.#ports.clock.now())
`,
    put: '',
  },
  {
    name: 'an outcome that the disk does not take is given up',
    file: 'core/src/runner/until-written.ts',
    find: 'if (!isPassing(error) || stopping.aborted) throw error',
    put: 'throw error',
  },
  {
    name: 'a run cut off by a crash is forgotten',
    file: 'core/src/runner/runner.ts',
    find: 'else this.#recorder.recordInterrupted(row)',
    put: 'else void row',
  },
  {
    name: 'a delivery in work is taken again',
    file: 'core/src/runner/runner.ts',
    find: 'if (this.#active.has(envelopeId)) return',
    put: '',
  },
  {
    name: 'an answer is sealed anew each time',
    file: 'core/src/runner/outbox.ts',
    find: 'row.sealed ?? (await sealAnswer(row, ports))',
    put: 'await (ports.sealer ?? SEALER).seal(row.signed, row.readers)',
  },
  {
    name: 'keys are counted and not holders',
    file: 'core/src/admission/check-signatures.ts',
    find: '.map(({ name }) => name)',
    put: '.map(({ keyId }) => keyId)',
  },
  {
    name: 'the customer need not sign',
    file: 'core/src/admission/check-signatures.ts',
    find: ' && have.customers >= need.customers',
    put: '',
  },
  {
    name: 'any signature of a known key holds',
    file: 'core/src/crypto/sign.ts',
    find: 'verifySignature(key.publicKey, message, signature)',
    put: 'verifySignature(key.publicKey, message, signature) || true',
  },
  {
    name: 'a job for another agent runs',
    file: 'core/src/admission/check-address.ts',
    find: 'if (!document.agentIds.includes(self.agentId))',
    put: 'if (document.agentIds.length === 0)',
  },
  {
    name: 'a job that was sealed anew runs',
    file: 'core/src/admission/check-address.ts',
    find: "if (!document.readers.includes(self.sealingKey)) return refuse('not_a_reader')",
    put: '',
  },
  {
    name: 'a job may be valid for ever',
    file: 'core/src/admission/check-window.ts',
    find: "if (ends - issued > maxLifetimeMs) return refuse('lifetime', { maxLifetimeMs })",
    put: '',
  },
  {
    name: 'a job runs after its end',
    file: 'core/src/admission/check-window.ts',
    find: 'if (time.value > ends + maxSkewMs)',
    put: 'if (time.value < 0)',
  },
  {
    name: 'a clock that was turned back is believed',
    file: 'core/src/admission/check-window.ts',
    find: `  if (!Number.isFinite(now) || now < highest - ADMISSION_LIMITS.maxClockStepBackMs) {
    return refuse('clock_untrusted', { behindMs: highest - now })
  }
  return pass(Math.max(now, highest))`,
    put: '  return pass(highest === 0 ? now : now)',
  },
  {
    name: 'a plugin that was revoked runs',
    file: 'core/src/admission/check-revoked.ts',
    find: 'if (revocation === undefined || epochMs(approval.issuedAt) > revocation.issuedAtMs)',
    put: 'if (revocation === undefined || epochMs(approval.issuedAt) > 0)',
  },
  {
    name: 'a job that was cancelled runs',
    file: 'core/src/admission/check-standing.ts',
    find: 'return cancelled.value === undefined ? pass(true)',
    put: 'return cancelled.ok ? pass(true)',
  },
  {
    name: 'an agent that is isolated takes jobs',
    file: 'core/src/admission/check-standing.ts',
    find: 'if (isolation.value === undefined) return pass(true)',
    put: 'if (isolation.ok) return pass(true)',
  },
  {
    name: 'a plan that was not signed is as good',
    file: 'core/src/runner/run-job.ts',
    find: 'signedPlan: plan ?? undefined',
    put: 'signedPlan: undefined',
  },
  {
    name: 'a job that only plans runs',
    file: 'core/src/runner/run-job.ts',
    find: '    isPlanOnly,\n',
    put: '',
  },
  {
    name: 'a checkpoint is of the tree before',
    file: 'core/src/audit/log.ts',
    find: 'root: after.root() }',
    put: 'root: before.root() }',
  },
]
