// SPDX-License-Identifier: Apache-2.0
/** Says what became of a change to the trust root: published and taken by whom, or left for others to sign. */
import type { AgentOutcome } from '../operator/each-agent.ts'
import { exitOf } from '../operator/each-agent.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import type { Talk } from '../output/talk.ts'
import type { Carried } from './carry-policy.ts'
import type { Changed } from './change-root.ts'
import type { Taken } from './publish-root.ts'

/** What a command adds to the common answer. */
export interface ReportMore {
  /** Members of the document. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Lines below the rest. */
  readonly lines?: readonly string[]
}

/** Prints the answer of every command that changes the root. Returns the exit code. */
export function reportChange(talk: Talk, changed: Changed, more: ReportMore = {}): ExitCode {
  const { document = {}, lines = [] } = more
  talk.answer({ ...changeJson(changed), ...document }, () =>
    [...changeLines(changed, talk.paint), ...lines].join('\n'),
  )
  return changed.state === 'published' ? exitOf(changed.outcomes) : EXIT.done
}

/** The document of a change. */
export function changeJson(changed: Changed): object {
  const { root, digest } = changed.state === 'published' ? changed.root : changed.draft
  const base = {
    format: 'sallyport.trust-change/1',
    site: { siteId: root.siteId, name: root.siteName },
    state: changed.state,
    version: root.version,
    digest,
    expiresAt: root.expiresAt,
  }
  if (changed.state === 'published') {
    const { outcomes, carried } = changed
    const policy = carried === undefined ? null : policyJson(carried)
    return { ...base, policy, agents: outcomes.map(agentJson) }
  }
  const { have, need } = changed.draft
  return { ...base, signedBy: have, need, file: changed.file }
}

/** The lines of a change. */
export function changeLines(changed: Changed, paint: Paint): string[] {
  if (changed.state === 'published') {
    const { version, siteName } = changed.root.root
    const head = `${paint.good('published')} trust root ${version} of site ${siteName}`
    return [head, ...policyLines(changed.carried, paint), ...agentLines(changed.outcomes, paint)]
  }
  const { root, have, need } = changed.draft
  return [
    `${paint.warn('proposed')} trust root ${root.version} of site ${root.siteName}: signed by ${have.join(', ') || 'nobody who counts yet'}, and ${need} must`,
    `Nothing has changed yet. Give ${changed.file} to another holder of a root key, who signs it with:`,
    `  sallyport trust sign ${changed.file}`,
  ]
}

function policyJson({ draft, signed }: Carried): object {
  const { policy, isComplete, have, need } = draft
  return {
    version: policy.version,
    state: isComplete ? 'stands' : 'proposed',
    signed,
    signedBy: have,
    need,
  }
}

/** Says of a policy what others do not expect: that it was signed, or that it waits. */
function policyLines(carried: Carried | undefined, paint: Paint): string[] {
  if (carried === undefined || (carried.draft.isComplete && carried.signed === null)) return []
  const { policy, isComplete, have, need } = carried.draft
  const what = `policy ${policy.version} under this root`
  const first = [
    'The hub had no policy that holds: this one lets operators do everything. Agents that have another keep it.',
    'To see it, and to publish your own: sallyport policy show, sallyport policy publish <file>',
  ]
  const after = carried.signed === 'first' ? first : []
  if (isComplete) return [`${paint.good('signed')} ${what}`, ...after]
  const by = have.join(', ') || 'nobody who counts yet'
  return [
    `${paint.warn('proposed')} ${what}: signed by ${by}, and ${need} must`,
    ...after,
    'No codes can be made for new agents until other holders of a root key have typed:',
    '  sallyport policy sign',
  ]
}

/** A line for each agent. */
export function agentLines(outcomes: readonly AgentOutcome<Taken>[], paint: Paint): string[] {
  return outcomes.map((outcome) => {
    if ('problem' in outcome) return problemScreen(outcome.problem, paint)
    const { version, answer } = outcome.value
    const by = answer && paint.dim(`, signed by it, audit entry ${answer.audit.index}`)
    return `${paint.good('taken')} ${outcome.agent.name} holds version ${version}${by ?? ''}`
  })
}

/** An agent in a document. */
export function agentJson(outcome: AgentOutcome<Taken>): object {
  const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
  if ('problem' in outcome) return { agent, state: 'failed', error: problemJson(outcome.problem) }
  const { version, answer } = outcome.value
  const verified = answer ? { signedBy: agent.name, auditIndex: answer.audit.index } : null
  return { agent, state: 'taken', version, verified }
}
