// SPDX-License-Identifier: Apache-2.0
/** What this machine knows of one job. */
import type { Job } from '@sallyport/core/protocol'
import type { AgentRecord } from '../operator/agents.ts'
import type { VerifiedResult } from '../operator/results.ts'
import type { Times } from './way.ts'

/** Everything that is known of one job. */
export interface KnownJob {
  readonly job: Job
  readonly digest: string
  readonly signer: string
  readonly agent: AgentRecord | undefined
  /** Where the envelope stands by the hub's word. */
  readonly envelopeState: 'queued' | 'delivered' | 'answered' | 'expired'
  readonly times: Times
  readonly answer: VerifiedResult | undefined
  /** Why an answer that is there is not believed. */
  readonly doubt: string | undefined
}

/** Where a job stands, in one word. */
export type JobState =
  | 'queued'
  | 'delivered'
  | 'expired'
  | 'unverified'
  | 'done'
  | 'failed'
  | 'refused'
  | 'interrupted'

/** Where a job stands: what the agent signed counts, the hub's word only before that. */
export function stateOf(known: KnownJob): JobState {
  if (known.answer !== undefined) return known.answer.result.state
  if (known.doubt !== undefined || known.envelopeState === 'answered') return 'unverified'
  return known.envelopeState
}
