// SPDX-License-Identifier: Apache-2.0
/** The plugins an agent holds and where each one stands, judged from the bytes on its disk. */
import { join } from 'node:path'
import {
  checkHeld,
  openApproval,
  type ApprovalPorts,
  type VerifiedApproval,
} from '@sallyport/core/admission'
import { readKeyFileIdentity } from '@sallyport/core/crypto'
import type { Refusal } from '@sallyport/core/protocol'
import { openSqliteAgentStore, readKeyFile, type HeldApproval } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import { enrolmentBytes, readAgentFile } from './agent-file.ts'
import { authorityOf } from './authority.ts'
import { DATABASE } from './record.ts'
import { verifyEnrolment } from './trust.ts'

/** Whether a plugin may load, and why not. */
export interface PluginStanding {
  /**
   * `replaced`: a newer approval of the same plugin counts. `damaged`: the bytes on disk are not those that were signed
   * or approved. `unfit`: they are, and something else does not hold, which `why` names.
   */
  readonly state:
    | 'approved'
    | 'replaced'
    | 'expired'
    | 'revoked'
    | 'quarantined'
    | 'damaged'
    | 'unfit'
  /** One line for a person; empty for `approved`, `replaced` and `expired`. */
  readonly why: string
}

/** What an operator approved, as the signed bytes say it. */
export interface ApprovedByOperator {
  readonly approvalId: string
  readonly version: string
  readonly digest: string
  readonly publisher: { readonly name: string; readonly key: string }
  /** Names of the job types that may run. */
  readonly jobs: readonly string[]
  /** Names that the permissions use and this host gives a meaning. */
  readonly bindings: readonly string[]
  readonly issuedAt: string
  readonly expiresAt: string
}

/** One approval on an agent's disk. */
export interface AgentPlugin {
  readonly plugin: string
  readonly standing: PluginStanding
  /** Null when what lies there is no approval that an operator signed for this agent. */
  readonly approved: ApprovedByOperator | null
}

/** What judging needs of an agent. */
export interface HeldPlugins {
  readonly approvals: { list(): Iterable<HeldApproval> }
  readonly ports: Omit<ApprovalPorts, 'approvals'>
}

/**
 * The plugins of a state directory, by name, the one that counts first. The agent may be running.
 *
 * Throws: ERR_NOT_ENROLLED, ERR_AGENT_FILE, ERR_ENROLMENT_UNTRUSTED, ERR_KEY_FILE_…, ERR_STORE_….
 */
export function readAgentPlugins(stateDir: string): AgentPlugin[] {
  const file = readAgentFile(stateDir)
  const enrolled = verifyEnrolment(enrolmentBytes(file), file.rootFingerprint)
  const { sealingKey } = readKeyFileIdentity(readKeyFile(join(stateDir, 'keys.json')))
  const path = join(stateDir, DATABASE)
  using store = openSqliteAgentStore(path, { clock: systemClock, mode: 'readOnly' })
  const { siteId, agentId } = enrolled.enrolment
  const trust = authorityOf(file, enrolled, store)
  const { approvals, clock, revocations, quarantine } = store
  const self = { siteId, agentId, sealingKey }
  return judgePlugins({ approvals, ports: { self, trust, clock, revocations, quarantine } })
}

/** Judges every approval held, with its bundle, as admission would for a job. */
export function judgePlugins({ approvals, ports }: HeldPlugins): AgentPlugin[] {
  const judged: AgentPlugin[] = []
  for (const held of approvals.list()) {
    const isNewest = judged.at(-1)?.plugin !== held.name
    judged.push(judge(held, { isNewest, ports }))
  }
  return judged
}

function judge(
  held: HeldApproval,
  { isNewest, ports }: { isNewest: boolean; ports: HeldPlugins['ports'] },
): AgentPlugin {
  const plugin = held.name
  const opened = openApproval(held.approval, ports)
  if (!opened.ok) {
    const why = `the approval does not hold: ${opened.refusal.reason}`
    return { plugin, standing: { state: 'damaged', why }, approved: null }
  }
  const approved = approvedIn(opened.value)
  if (!isNewest) return { plugin, standing: { state: 'replaced', why: '' }, approved }
  const checked = checkHeld(held, ports)
  const standing: PluginStanding = checked.ok
    ? { state: 'approved', why: '' }
    : standingAfter(checked.refusal)
  return { plugin, standing, approved }
}

function approvedIn({ document }: VerifiedApproval): ApprovedByOperator {
  const { approvalId, plugin, publisher, jobs, bindings, issuedAt, expiresAt } = document
  const { version, digest } = plugin
  const names = Object.keys(jobs).sort()
  return { approvalId, version, digest, publisher, jobs: names, bindings, issuedAt, expiresAt }
}

function standingAfter({ reason, details }: Refusal): PluginStanding {
  const why = typeof details['why'] === 'string' ? details['why'] : ''
  if (reason === 'revoked' || reason === 'quarantined') return { state: reason, why }
  if (reason === 'digest_mismatch') {
    return { state: 'damaged', why: 'the bundle is not the one that was approved' }
  }
  if (why === 'expired') return { state: 'expired', why: '' }
  return { state: 'unfit', why: why === '' ? reason : `${reason}: ${why}` }
}
