// SPDX-License-Identifier: Apache-2.0
/** Says what became of approvals, agent by agent. */
import type { Approval } from '@sallyport/core/protocol'
import type { Approved } from '../operator/approve.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import type { ApprovalShown } from '../output/approval-screen.ts'
import { neededBindings } from '../output/binding-words.ts'
import { permissionsJson } from '../output/permission-words.ts'
import { problemJson } from '../output/problem.ts'
import { problemScreen } from '../output/problem-screen.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { counted, relative, shortDigest } from '../output/words.ts'
import { publisherJson } from '../publisher/known.ts'

interface Report {
  readonly shown: ApprovalShown
  readonly outcomes: readonly AgentOutcome<Approved>[]
  readonly overrides: Approval['overrides']
  readonly isSite: boolean
}

/** Prints the answer of `plugin approve`. */
export function reportApprovals(talk: Talk, report: Report): void {
  talk.answer(documentOf(report), () =>
    [
      ...report.outcomes.flatMap((outcome) => outcomeLines(outcome, talk)),
      ...summaryLines(report),
      ...nextLines(report),
    ].join('\n'),
  )
}

function documentOf({ shown, outcomes, overrides }: Report): object {
  const { bundle, publisher, approvable, upgrades } = shown
  const { name, version } = bundle.manifest
  return {
    format: 'sallyport.plugin-approve/1',
    plugin: { name, version, digest: bundle.digest },
    publisher: publisherJson(publisher),
    jobs: Object.keys(approvable.jobs),
    overrides,
    bindings: neededBindings(name, approvable.jobs),
    agents: outcomes.map((outcome, at) => ({
      ...outcomeJson(outcome),
      replaces: upgrades[at]!.before?.plugin ?? null,
      permissions: permissionsJson(approvable, upgrades[at]!.before),
    })),
  }
}

function outcomeJson(outcome: AgentOutcome<Approved>): object {
  const agent = { name: outcome.agent.name, agentId: outcome.agent.agentId }
  if ('problem' in outcome) return { agent, state: 'failed', error: problemJson(outcome.problem) }
  const { record, answer } = outcome.value
  const { approvalId, issuedAt, expiresAt, state } = record
  const verified = { signedBy: agent.name, auditIndex: answer.audit.index }
  return { agent, state, approvalId, issuedAt, expiresAt, verified }
}

function outcomeLines(outcome: AgentOutcome<Approved>, { paint }: Talk): string[] {
  if ('problem' in outcome) return [problemScreen(outcome.problem, paint)]
  const { record, answer } = outcome.value
  const { plugin, expiresAt } = record
  const { name } = outcome.agent
  return [
    `${paint.good('approved')} ${plugin.name} ${plugin.version} on ${name}, ends ${relative(Date.parse(expiresAt), Date.now())}`,
    paint.dim(
      `${shortDigest(plugin.digest)} · accepted and signed by ${name}, audit entry ${answer.audit.index}`,
    ),
  ]
}

function summaryLines({ outcomes, isSite }: Report): string[] {
  if (!isSite) return []
  const failed = outcomes.filter((outcome) => 'problem' in outcome).length
  const done = `approved on ${counted(outcomes.length - failed, 'agent')}`
  return [failed === 0 ? done : `${done}, not on ${counted(failed, 'agent')}`]
}

function nextLines({ shown, outcomes }: Report): string[] {
  const accepted = outcomes.find((outcome) => 'value' in outcome)
  const [jobName] = Object.keys(shown.approvable.jobs)
  if (accepted === undefined || jobName === undefined) return []
  const { name } = shown.bundle.manifest
  const bind = neededBindings(name, shown.approvable.jobs).map(({ bindLine }) => `  ${bindLine}`)
  return [
    ...(bind.length === 0 ? [] : ['On the host, before the first job:', ...bind.map(safeText)]),
    `  sallyport job run ${name}/${jobName} --agent ${accepted.agent.name}`,
  ]
}
