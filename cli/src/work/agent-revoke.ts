// SPDX-License-Identifier: Apache-2.0
/** Sends an agent away for good. */
import { agentsNamed, revokeNamed } from '../operator/agent-lives.ts'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** Says what that means, asks, and does it. */
export async function agentRevoke(
  operator: Operator,
  talk: Talk,
  { name, isAgreed }: { name: string; isAgreed: boolean },
): Promise<void> {
  await waiting(talk, 'looking', () => agentsNamed(operator, name))
  await confirmOrStop(talk, {
    shown: `${name} is sent away: the hub serves it no more, its open poll ends, and its key is never taken again. If it answers within five seconds, it takes your word first that it begins no job and no schedule any more; else its schedules go on until it is stopped on its host. What it is doing goes on. Its log stays readable.`,
    question: `Send ${name} away?`,
    isAgreed,
    unharmed: 'It goes on as before.',
  })
  const revoked = await waiting(talk, 'telling the hub', () => revokeNamed(operator, name))
  const document = {
    format: 'sallyport.agent-revoke/1',
    agents: revoked.map(({ record: { agentId, revokedAt }, isIsolated }) => ({
      name,
      agentId,
      revokedAt,
      isIsolated,
    })),
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('sent away')} ${name}`,
      ...revoked.map(({ isIsolated }) =>
        isIsolated
          ? 'It signed before that it begins no job and no schedule any more.'
          : `${talk.paint.warn('It did not answer')}: its schedules go on until it is stopped.`,
      ),
      'Stop it on its host, and take away there what it holds: its bindings open other services.',
    ].join('\n'),
  )
}
