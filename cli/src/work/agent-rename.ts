// SPDX-License-Identifier: Apache-2.0
/** Gives an agent's host another name: says what goes by the old one, and makes the code by which the new one takes its place. */
import { isPinned, readAgents, unknownAgent } from '../operator/agents.ts'
import type { AgentRecord, PinnedAgent } from '../operator/agents.ts'
import { makeCode } from '../operator/codes.ts'
import type { CodeAsked } from '../operator/codes.ts'
import { reviewAgents } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents, publishRoster } from '../operator/roster.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { hangingOn } from '../policy/named-agent.ts'
import type { HangingOn } from '../policy/named-agent.ts'
import { expectAgentName, termsOf } from './agent-code.ts'

/** Which agent, and how its code is made. */
export interface RenameRequest extends Pick<CodeAsked, 'lifetimeMs' | 'mustConfirm' | 'addresses'> {
  readonly from: string
  readonly to: string
  readonly isAgreed: boolean
}

/** Renames, or says that it was done. May be repeated: the code before ends. */
export async function agentRename(
  operator: Operator,
  talk: Talk,
  request: RenameRequest,
): Promise<void> {
  const { from, to, isAgreed, ...how } = request
  expectAgentName(to)
  if (from === to) throw sameName(to)
  const { old, successor } = await waiting(talk, 'asking the hub', () => find(operator, from, to))
  if (successor !== undefined) return answerDone(talk, { old, successor })
  const hanging = await hangingOn(operator, old)
  const shown = screenOf(request, hanging)
  const unharmed = 'No code was made; it goes on under its name.'
  await confirmOrStop(talk, { shown, question: `Rename ${from} to ${to}?`, isAgreed, unharmed })
  const asked = { ...how, name: to, isReplacing: false, insteadOf: from }
  const made = await waiting(talk, 'telling the hub', () => makeCode(operator, asked))
  const { code, addresses, record } = made
  const line = `sallyport agent enrol ${code} --anew`
  const document = {
    ...documentOf(old, record),
    state: 'waiting',
    ...{ code, addresses, expiresAt: record.codeExpiresAt, enrolLine: line },
    ...hanging,
  }
  talk.answer(document, () =>
    [
      `On the host, as the account of the agent, once it is stopped:`,
      '',
      `  ${talk.paint.strong(line)}`,
      '',
      pairs([
        ...termsOf(made, operator.now()),
        ['then', `start it, and bind there what ${from} had: sallyport agent bind`],
        ['until then', `${from} goes on; after it that name is free`],
      ]),
    ].join('\n'),
  )
}

/** The agent of the old name, or the one that has taken its place under the new one. */
async function find(
  operator: Operator,
  from: string,
  to: string,
): Promise<{ old: AgentRecord; successor: PinnedAgent | undefined }> {
  await learnAgents(operator)
  await reviewAgents(operator)
  await publishRoster(operator)
  const records = await readAgents(operator.home)
  const old = records
    .filter((each) => each.name === from && each.revokedAt === undefined)
    .toSorted((a, b) => (a.codeMadeAt > b.codeMadeAt ? -1 : 1))[0]
  if (old !== undefined) return { old, successor: undefined }
  for (const successor of records.filter(isPinned)) {
    const before = records.find(({ agentId }) => successor.replaces?.includes(agentId))
    if (successor.name === to && before?.name === from) return { old: before, successor }
  }
  throw unknownAgent(from, records)
}

function answerDone(
  talk: Talk,
  { old, successor }: { old: AgentRecord; successor: PinnedAgent },
): void {
  talk.answer(
    { ...documentOf(old, successor), state: 'done' },
    () => `${talk.paint.good('renamed')} ${old.name} is ${successor.name}; the old name is free`,
  )
}

function documentOf(old: AgentRecord, { name, agentId }: AgentRecord): Record<string, unknown> {
  const was = { name: old.name, agentId: old.agentId }
  return { format: 'sallyport.agent-rename/1', was, agent: { name, agentId } }
}

function screenOf({ from, to }: RenameRequest, hanging: HangingOn): string {
  const { rules, customers, plugins, schedules } = hanging
  const lines: (readonly [string, string])[] = [
    ['rules of the policy', `${rules.join(', ')}: change them, sallyport policy publish`],
    ['customers concerned', `${customers.join(', ')}: sallyport trust add, with agent/${to}`],
    ['approved there', `${plugins.join(', ')}: approve for ${to}`],
    ['schedules there', `${schedules.join(', ')}: add for ${to}`],
  ]
  const said = lines.filter((_, index) => [rules, customers, plugins, schedules][index]!.length > 0)
  return [
    `The host of ${from} becomes the agent ${to}, with keys of its own; ${from} is sent away when that has come, and not sooner. Its log stays readable.`,
    ...(said.length === 0
      ? ['Nothing on this machine goes by the old name.']
      : ['What goes by the old name, or was signed for it, does not follow:', pairs(said)]),
  ].join('\n')
}

function sameName(name: string): Problem {
  return new Problem('ERR_USAGE', `${name} is its name already`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy: 'Give another name.',
  })
}
