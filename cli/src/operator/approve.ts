// SPDX-License-Identifier: Apache-2.0
/** Brings an approval to an agent: the bundle to the hub, the signed approval to the agent, its verified answer back. */
import { readFile } from 'node:fs/promises'
import { digestOf, openBundle, openPublication } from '@sallyport/core/crypto'
import { MAX_BUNDLE_BYTES, approvedJobsOf, encodeBase64url } from '@sallyport/core/protocol'
import type { Publication } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import { Problem } from '../output/problem.ts'
import type { PinnedAgent } from './agents.ts'
import { waitForAnswer } from './answers.ts'
import { writeApproval } from './approvals.ts'
import type { ApprovalRecord } from './approvals.ts'
import { keepHead } from './heads.ts'
import type { Operator } from './operator.ts'
import { openResult } from './results.ts'
import type { VerifiedResult } from './results.ts'
import { sendApproval } from './send-approval.ts'

/** A bundle whose parts fit their digests. */
export interface ReadBundle {
  readonly bytes: Uint8Array
  readonly digest: string
  readonly manifest: PluginManifest
  /** Of the publisher, from the file `<bundle>.sig` beside the bundle. */
  readonly publication: Uint8Array
  readonly publisher: Publication['publisher']
}

/** What is approved, and until when its answer is waited for. */
export interface ApproveOrder {
  readonly bundle: ReadBundle
  readonly lifetimeMs: number
  /** Units: epoch milliseconds. */
  readonly untilMs: number
}

/** An approval that the agent has taken. */
export interface Approved {
  readonly record: ApprovalRecord
  readonly answer: VerifiedResult
}

/** Reads a bundle file. Throws: ERR_BUNDLE_FORM. */
export async function readBundle(file: string): Promise<ReadBundle> {
  const bytes = await readFile(file)
  if (bytes.length > MAX_BUNDLE_BYTES) throw notABundle(file, 'it is larger than a bundle may be')
  const digest = digestOf(bytes)
  try {
    const { manifest } = openBundle(bytes, digest)
    const publication = await readFile(`${file}.sig`)
    const { publisher } = openPublication(publication)
    return { bytes, digest, manifest, publication, publisher }
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw notABundle(file, error.message)
  }
}

/** Approves a bundle for an agent. Throws: ERR_NO_ANSWER, and the agent's reason when it refuses. */
export async function approve(
  operator: Operator,
  agent: PinnedAgent,
  { bundle, lifetimeMs, untilMs }: ApproveOrder,
): Promise<Approved> {
  await operator.hub.storeBundle(bundle.digest, bundle.bytes)
  const sent = await sendApproval(operator, agent, {
    ...bundle,
    lifetimeMs,
    publication: encodeBase64url(bundle.publication),
    jobs: approvedJobsOf(bundle.manifest),
    overrides: [],
  })
  const { envelopeId, digest, record } = sent
  const view = await waitForAnswer(operator, envelopeId, { untilMs })
  if (view?.result == null) throw noAnswer(agent, record)
  const answer = await openResult(operator, agent, view.result, { envelopeId, digest, jobId: null })
  await keepHead(operator.home, agent.agentId, answer.audit)
  const state = answer.result.state === 'done' ? 'accepted' : 'refused'
  const settled: ApprovalRecord = { ...record, state }
  await writeApproval(operator.home, settled)
  if (state === 'refused') throw refusalProblem(answer.result, agent.name)
  return { record: settled, answer }
}

function noAnswer(agent: PinnedAgent, record: ApprovalRecord): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the approval yet`, {
    exit: EXIT.unreachable,
    details: { approval: record.approvalId },
    unharmed: 'It waits at the hub; the agent takes it when it next asks.',
    remedy: 'See whether the agent runs, then approve again:',
    commands: ['sallyport agent list'],
  })
}

function notABundle(file: string, why: string): Problem {
  return new Problem('ERR_BUNDLE_FORM', `${file} is not a bundle: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Build one from the folder of a plugin:',
    commands: ['sallyport plugin build <folder>'],
  })
}
