// SPDX-License-Identifier: Apache-2.0
/** Moves the agent of this host to another address of its hub. */
import { resolve } from 'node:path'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** Moves it and says so. */
export async function agentMove(
  talk: Talk,
  asked: { hub: string; stateDir: string; passphraseFile?: string | undefined },
): Promise<void> {
  const { moveAgent } = await import('@sallyport/agent')
  const { hub, passphraseFile } = asked
  const clock = { now: () => Date.now() }
  const moved = await waiting(talk, `asking ${hub}`, () =>
    moveAgent({ hub, stateDir: resolve(asked.stateDir), passphraseFile, clock }),
  )
  const { agentId, agentName, from, to } = moved
  const document = {
    format: 'sallyport.agent-move/1',
    agent: { name: agentName, agentId },
    from,
    to,
  }
  talk.answer(
    document,
    () =>
      `${talk.paint.good('moved')} ${agentName} from ${from} to ${to}, which knows it; start it again`,
  )
}
