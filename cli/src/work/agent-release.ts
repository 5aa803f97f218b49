// SPDX-License-Identifier: Apache-2.0
/** Lets an agent go on of which two ran. */
import { releaseNamed } from '../operator/agent-lives.ts'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** Asks whether one of them is gone, and tells the hub. */
export async function agentRelease(
  operator: Operator,
  talk: Talk,
  { name, isAgreed }: { name: string; isAgreed: boolean },
): Promise<void> {
  await confirmOrStop(talk, {
    shown: `Two programs ran with the identity of ${name}. One of them must be stopped and its state directory removed, or both are stopped again.`,
    question: 'Is one of them gone?',
    isAgreed,
    unharmed: 'Both stay stopped.',
  })
  const { agentId } = await waiting(talk, 'telling the hub', () => releaseNamed(operator, name))
  const document = { format: 'sallyport.agent-release/1', agent: { name, agentId } }
  talk.answer(
    document,
    () =>
      `${talk.paint.good('released')} ${name}; what is left of it asks again within two minutes`,
  )
}
