// SPDX-License-Identifier: Apache-2.0
/** Pins a certificate: shows what was pinned, what was seen and what is meant, asks, and has the agent confirm it. */
import { HANDLE_NAME, PLUGIN_NAME } from '@sallyport/sdk'
import { parseFingerprint } from '../bindings/addresses.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { lastLock, pin } from '../operator/pins.ts'
import type { PinOrder, SaidOfLock } from '../operator/pins.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { refusalProblem } from '../output/job-problem.ts'
import type { Paint } from '../output/paint.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { relative } from '../output/words.ts'

/** What is pinned, and how. */
export interface PinRequest {
  readonly agent: string
  readonly plugin: string
  readonly binding: string
  readonly fingerprint: string
  readonly timeoutMs: number
  readonly isAgreed: boolean
}

/** Pins and waits until the agent has answered. */
export async function agentPin(operator: Operator, talk: Talk, request: PinRequest): Promise<void> {
  const order = orderOf(request)
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const lock = await waiting(talk, 'asking the hub', () => lastLock(operator, agent, order))
  const shown = pinScreen({ order, agent, lock }, operator.now(), talk.aside)
  await confirmOrStop(talk, {
    shown,
    question: `Pin it on ${agent.name}?`,
    isAgreed: request.isAgreed,
  })
  const untilMs = operator.now() + request.timeoutMs
  const { pinId, answer } = await waiting(talk, `waiting for ${agent.name}`, () =>
    pin(operator, agent, { order, untilMs }),
  )
  if (answer === undefined) throw noAnswer(agent, pinId)
  if (answer.result.state === 'refused') throw refusalProblem(answer.result, agent.name)
  const { replaced, wasLocked } = answer.result.output as { replaced: string; wasLocked: boolean }
  const document = {
    format: 'sallyport.agent-pin/1',
    pinId,
    agent: { name: agent.name, agentId: agent.agentId },
    ...order,
    replaced,
    wasLocked,
    verified: { signedBy: agent.name, auditIndex: answer.audit.index },
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('pinned')} ${order.binding} of ${order.plugin} on ${agent.name}${wasLocked ? ', no longer locked' : ''}${talk.paint.dim(`, signed by it, audit entry ${answer.audit.index}`)}`,
      pairs([
        ['known by', order.sha256],
        ['before', safeText(replaced)],
      ]),
    ].join('\n'),
  )
}

function orderOf({ plugin, binding, fingerprint }: PinRequest): PinOrder {
  if (!PLUGIN_NAME.test(plugin)) throw usage(`${plugin} is not the name of a plugin`)
  if (!HANDLE_NAME.test(binding)) throw usage(`${binding} is not the name of a binding`)
  return { plugin, binding, sha256: parseFingerprint(fingerprint) }
}

function pinScreen(
  about: { order: PinOrder; agent: PinnedAgent; lock: SaidOfLock | undefined },
  nowMs: number,
  paint: Paint,
): string {
  const { order, agent, lock } = about
  const isSeen = lock?.seen === order.sha256
  const said = lock && [
    ['pinned until now', safeText(lock.pinned)] as const,
    [`seen ${relative(Date.parse(lock.since), nowMs)}`, safeText(lock.seen)] as const,
  ]
  return [
    `pins ${order.binding} of ${order.plugin} on ${agent.name} to one certificate`,
    pairs([...(said ?? []), ['to be pinned', order.sha256]]),
    ...(lock === undefined
      ? [`You have not heard from ${agent.name} that it is locked; it is pinned all the same.`]
      : []),
    ...(lock !== undefined && !isSeen && lock.pinned !== order.sha256
      ? [paint.warn('It is neither the one that was pinned nor the one that was seen.')]
      : []),
    `What was seen may have been shown by whoever stands between. Compare on the host itself, for Proxmox VE:`,
    '  openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem',
  ].join('\n')
}

function usage(message: string): Problem {
  return new Problem('ERR_USAGE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'See `sallyport agent pin --help`.',
  })
}

function noAnswer(agent: PinnedAgent, pinId: string): Problem {
  return new Problem('ERR_NO_ANSWER', `${agent.name} has not taken the pin yet`, {
    exit: EXIT.unreachable,
    details: { pin: pinId },
    unharmed: 'It waits at the hub for a day; until the agent takes it, all is as it was.',
    remedy: 'See whether the agent runs:',
    commands: ['sallyport agent list'],
  })
}
