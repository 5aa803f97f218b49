// SPDX-License-Identifier: Apache-2.0
/** Lets in an agent that waits, once its fingerprint was compared. */
import { confirmWaiting, findWaiting } from '../operator/agent-lives.ts'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** What is asked for. */
export interface ConfirmRequest {
  readonly name: string
  /** What was read on the host; it stands for the yes. */
  readonly fingerprint?: string | undefined
  readonly isAgreed: boolean
}

/** Shows the fingerprint, asks, and lets it in. */
export async function agentConfirm(
  operator: Operator,
  talk: Talk,
  { name, fingerprint, isAgreed }: ConfirmRequest,
): Promise<void> {
  const found = await waiting(talk, 'asking the hub', () => findWaiting(operator, name))
  const { record, keyId } = found
  const shown = `SHA256:${keyId}`
  if (fingerprint !== undefined && fingerprint !== shown) throw otherKey(name, shown, fingerprint)
  await confirmOrStop(talk, {
    shown: `${name} waits with a key of this fingerprint; its host shows the same, or it is another one:\n  ${shown}`,
    question: `Let ${name} in?`,
    isAgreed: isAgreed || fingerprint !== undefined,
    unharmed: 'It goes on waiting.',
  })
  await waiting(talk, 'telling the hub', () => confirmWaiting(operator, found))
  const document = {
    format: 'sallyport.agent-confirm/1',
    agent: { name, agentId: record.agentId, keyId },
  }
  talk.answer(document, () => `${talk.paint.good('let in')} ${name}; it enrols by itself now`)
}

function otherKey(name: string, shown: string, given: string): Problem {
  return new Problem('ERR_AGENT_DOUBTFUL', `${name} waits with another key than that`, {
    exit: EXIT.refused,
    details: { 'at the hub': shown, 'on the host': given },
    unharmed: 'It was not let in.',
    remedy:
      'Somebody else took the code, or the hub shows another key. Send that one away, and make a new code:',
    commands: [`sallyport agent revoke ${name}`, `sallyport agent code ${name} --confirm`],
  })
}
