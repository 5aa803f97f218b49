// SPDX-License-Identifier: Apache-2.0
/** Shows the newest jobs, each read back and verified on this machine, and before them what waits for signatures. */
import { readAgents } from '../operator/agents.ts'
import type { AgentRecord } from '../operator/agents.ts'
import { awaitingProposals } from '../operator/find-proposal.ts'
import type { FoundProposal } from '../operator/find-proposal.ts'
import { envelopes } from '../operator/find-job.ts'
import { readMail } from '../operator/mail.ts'
import type { Mail } from '../operator/mail.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents } from '../operator/roster.ts'
import { countsText } from '../operator/signatures.ts'
import type { Paint } from '../output/paint.ts'
import { proposalJson, titleOf } from '../output/review-screen.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { relative, short, span } from '../output/words.ts'

/** Lists up to `limit` jobs, newest first. */
export async function jobList(
  operator: Operator,
  talk: Talk,
  asked: { agent?: string | undefined; limit: number },
): Promise<void> {
  const { awaiting, mails, agents } = await waiting(talk, 'asking the hub', async () => {
    await learnAgents(operator)
    const agents = await readAgents(operator.home)
    const wanted = wantedIn(agents, asked.agent)
    const awaiting = (await awaitingProposals(operator)).filter(({ proposal }) =>
      proposal.agentIds.some(wanted),
    )
    return { awaiting, agents, mails: await readJobs(operator, agents, { ...asked, wanted }) }
  })
  const nowMs = operator.now()
  const document = {
    format: 'sallyport.job-list/1',
    awaiting: awaiting.map((found) => proposalJson({ ...found, agents, nowMs })),
    jobs: mails.map(jobJson),
  }
  const jobs = () => (mails.length === 0 ? 'no jobs yet' : jobTable(mails, nowMs, talk.paint))
  talk.answer(document, () =>
    [...awaitingLines(awaiting, { agents, nowMs, paint: talk.paint }), jobs()].join('\n'),
  )
}

function wantedIn(
  agents: readonly AgentRecord[],
  name: string | undefined,
): (agentId: string) => boolean {
  if (name === undefined) return () => true
  const ids = new Set(agents.filter((each) => each.name === name).map(({ agentId }) => agentId))
  return (agentId) => ids.has(agentId)
}

function awaitingLines(
  awaiting: readonly FoundProposal[],
  how: { agents: readonly AgentRecord[]; nowMs: number; paint: Paint },
): string[] {
  if (awaiting.length === 0) return []
  const { agents, nowMs, paint } = how
  const columns = ['awaiting', 'what', 'wanted by', 'ends', 'needs'].map((head) => ({ head }))
  const rows = awaiting.map(({ proposal }) => [
    paint.warn(short(proposal.id)),
    titleOf({ proposal, agents }),
    safeText(proposal.proposer.name),
    relative(Date.parse(proposal.endsAt), nowMs),
    countsText(proposal.standing),
  ])
  return [table(columns, rows, paint), 'look at one: sallyport job review <id>', '']
}

async function readJobs(
  operator: Operator,
  agents: readonly AgentRecord[],
  { wanted, limit }: { wanted: (agentId: string) => boolean; limit: number },
): Promise<Mail[]> {
  const mails: Mail[] = []
  for await (const view of envelopes(operator)) {
    if (!wanted(view.agentId)) continue
    const mail = await readMail(operator, view, agents)
    if (mail.content === undefined || mail.content.kind === 'job') mails.push(mail)
    if (mails.length === limit) break
  }
  return mails
}

function stateOfMail({ answer, doubt, view }: Mail): string {
  return answer?.result.state ?? (doubt === undefined ? view.state : 'unverified')
}

function jobTable(mails: readonly Mail[], nowMs: number, paint: Paint): string {
  const columns = [
    { head: 'job' },
    { head: 'type' },
    { head: 'agent' },
    { head: 'state' },
    { head: 'signed' },
    { head: 'took', isNumber: true },
  ]
  const rows = mails.map((mail) => {
    const { view, content, agent, answer } = mail
    return [
      paint.dim(short(view.envelopeId)),
      content?.kind === 'job' ? content.job.jobType : '–',
      agent?.name ?? short(view.agentId),
      stateText(stateOfMail(mail), paint),
      relative(Date.parse(content?.kind === 'job' ? content.job.issuedAt : view.queuedAt), nowMs),
      answer === undefined ? '–' : span(answer.result.stepsMs.run),
    ]
  })
  return table(columns, rows, paint)
}

function stateText(state: string, paint: Paint): string {
  if (state === 'done') return paint.good(state)
  return state === 'queued' || state === 'delivered' ? paint.warn(state) : paint.bad(state)
}

function jobJson(mail: Mail): object {
  const { view, content, agent, answer, doubt } = mail
  const job = content?.kind === 'job' ? content.job : undefined
  return {
    jobId: view.envelopeId,
    jobType: job?.jobType ?? null,
    agent: { name: agent?.name ?? null, agentId: view.agentId },
    state: stateOfMail(mail),
    signedBy: content?.signer ?? null,
    issuedAt: job?.issuedAt ?? null,
    expiresAt: view.expiresAt,
    queuedAt: view.queuedAt,
    deliveredAt: view.deliveredAt,
    answeredAt: view.answeredAt,
    reason: answer?.result.refusal?.reason ?? answer?.result.failure?.code ?? null,
    doubt: doubt ?? null,
  }
}
