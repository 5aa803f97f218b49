// SPDX-License-Identifier: Apache-2.0
/** Shows the newest jobs, each read back and verified on this machine. */
import { readAgents } from '../operator/agents.ts'
import { envelopes } from '../operator/find-job.ts'
import { readMail } from '../operator/mail.ts'
import type { Mail } from '../operator/mail.ts'
import type { Operator } from '../operator/operator.ts'
import type { Paint } from '../output/paint.ts'
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
  const mails = await waiting(talk, 'asking the hub', () => readJobs(operator, asked))
  const document = { format: 'sallyport.job-list/1', jobs: mails.map(jobJson) }
  talk.answer(document, () =>
    mails.length === 0 ? 'no jobs yet' : jobTable(mails, operator.now(), talk.paint),
  )
}

async function readJobs(
  operator: Operator,
  { agent, limit }: { agent?: string | undefined; limit: number },
): Promise<Mail[]> {
  const agents = await readAgents(operator.home)
  const wanted = new Set(agents.filter(({ name }) => name === agent).map(({ agentId }) => agentId))
  const mails: Mail[] = []
  for await (const view of envelopes(operator)) {
    if (agent !== undefined && !wanted.has(view.agentId)) continue
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
