// SPDX-License-Identifier: Apache-2.0
/** What a colleague reads before signing: who asks, what for, every word of the document, who has signed and who must. */
import { documents } from '@sallyport/core/protocol'
import type { Job, Plan } from '@sallyport/core/protocol'
import type { AgentRecord } from '../operator/agents.ts'
import type { Proposal } from '../operator/proposals.ts'
import { countsText } from '../operator/signatures.ts'
import type { Paint } from './paint.ts'
import { planLines, stateDigest } from './plan-screen.ts'
import { safeJson, safeText } from './safe-text.ts'
import { pairs } from './table.ts'
import { fingerprint, relative, shortDigest } from './words.ts'

/** Where a proposal stands, in one word. */
export type ProposalState = 'awaiting' | 'complete' | 'withdrawn' | 'expired' | 'submitted'

/** A proposal to show. */
export interface ReviewShown {
  readonly proposal: Proposal
  readonly state: ProposalState
  readonly agents: readonly AgentRecord[]
  readonly nowMs: number
}

/** What an effect means. */
export const EFFECT_WORDS = {
  read: 'looks, and changes nothing',
  change: 'changes something',
  destroy: 'DESTROYS: what it takes away does not come back by itself',
} as const

/** Members that are shown elsewhere on the screen, or say nothing that a person could judge. */
const ELSEWHERE = ['siteId', 'readers', 'agentIds', 'agentId', 'requestedBy', 'plan', 'input']

/**
 * The whole screen.
 *
 * Trust: every text in it was chosen by someone else and is escaped. Nothing of the document is left out but the readers'
 * keys, and the publisher's own statement inside an approval.
 */
export function reviewScreen(shown: ReviewShown, paint: Paint): string {
  const { proposal, state } = shown
  const { kind, document } = proposal
  const input = kind.name === documents.job.name ? (document as unknown as Job).input : undefined
  return [
    `${paint.strong(titleOf(shown))}: ${state}`,
    pairs(headRows(shown, paint)),
    ...(input === undefined ? [] : ['', paint.strong('input'), memberLines(input)]),
    ...planPart((document as { plan?: Plan | null }).plan, paint),
    ...(input === undefined ? ['', paint.strong('it says'), memberLines(restOf(document))] : []),
  ].join('\n')
}

/** `proxmox/guest.destroy on pve1`, `an approval for pve1`. */
export function titleOf({ proposal, agents }: Pick<ReviewShown, 'proposal' | 'agents'>): string {
  const { kind, document, agentIds } = proposal
  const names = agentIds.map((id) => agents.find(({ agentId }) => agentId === id)?.name ?? id)
  const on = names.map(safeText).join(', ')
  const { jobType, step } = document as { jobType?: string; step?: string }
  if (jobType === undefined) return `${kind.name} for ${on}`
  const what = safeText(jobType)
  if (kind.name === documents.job.name)
    return `${what} on ${on}${step === 'plan' ? ', plan only' : ''}`
  return `${kind.name} of ${what} for ${on}`
}

function headRows({ proposal, nowMs }: ReviewShown, paint: Paint): [string, string][] {
  const { id, digest, proposer, signers, standing, issuedAt, endsAt, withdrawn } = proposal
  const when = relative(Date.parse(issuedAt), nowMs)
  const needed = standing.isComplete ? paint.good('nothing more') : countsText(standing)
  return [
    ['id', id],
    [
      'wanted by',
      `${safeText(proposer.name)} (${proposer.role}, ed25519 ${fingerprint(proposer.keyId)}), ${when}`,
    ],
    ['effect', effectText(proposal, paint)],
    ['valid', `until ${endsAt} (${relative(Date.parse(endsAt), nowMs)})`],
    ['signed by', signers.map(({ name, role }) => `${safeText(name)} (${role})`).join(', ')],
    ['still needed', needed],
    ['digest', digest],
    ...(withdrawn === undefined
      ? []
      : [
          ['withdrawn', `by ${safeText(withdrawn.by)}: ${safeText(withdrawn.why)}`] as [
            string,
            string,
          ],
        ]),
  ]
}

function effectText({ toSign, approval }: Proposal, paint: Paint): string {
  const { effect, jobType } = toSign
  if (effect === undefined) {
    return paint.warn('not known here: no approval of it came with the proposal')
  }
  const words = EFFECT_WORDS[effect]
  const said = effect === 'destroy' ? paint.bad(words) : words
  if (approval === undefined || jobType.startsWith('sallyport/')) return said
  const { plugin } = approval.approval
  return `${said}, says ${plugin.name} ${plugin.version} as approved by ${safeText(approval.by)}`
}

function planPart(plan: Plan | null | undefined, paint: Paint): string[] {
  if (plan === undefined || plan === null) return []
  const head = `${paint.strong('plan')} ${paint.dim(`(state ${shortDigest(stateDigest(plan))})`)}`
  return ['', head, ...planLines(plan, paint)]
}

function restOf(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(document)
      .filter(([name]) => !ELSEWHERE.includes(name))
      .map(([name, value]) =>
        name === 'publication' ? [name, '(of the publisher)'] : [name, value],
      ),
  )
}

/** Every member with its value as JSON: nothing is shortened and nothing hides. */
function memberLines(members: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(members).map(
    ([name, value]) => [safeText(name), safeJson(value).replaceAll('\n', '\n    ')] as const,
  )
  return rows.length === 0 ? '  none' : pairs(rows)
}

/** A proposal as `--json` shows it. */
export function proposalJson({ proposal, state, agents }: ReviewShown): object {
  const { kind, document, id, digest, proposer, signers, standing, toSign, endsAt } = proposal
  return {
    format: 'sallyport.proposal/1',
    id,
    state,
    kind: kind.name,
    agents: proposal.agentIds.map((agentId) => ({
      name: agents.find((agent) => agent.agentId === agentId)?.name ?? null,
      agentId,
    })),
    jobType: toSign.jobType,
    effect: toSign.effect ?? null,
    wantedBy: { name: proposer.name, role: proposer.role, keyId: proposer.keyId },
    signers: signers.map(({ name, role, keyId }) => ({ name, role, keyId })),
    need: standing.need,
    have: standing.have,
    digest,
    endsAt,
    withdrawn: proposal.withdrawn ?? null,
    document,
  }
}
