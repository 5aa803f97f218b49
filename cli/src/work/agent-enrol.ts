// SPDX-License-Identifier: Apache-2.0
/** Makes this host an agent, and checks that it is one before it is started. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint } from '../output/words.ts'

/** What enrolling needs. */
export interface EnrolAsked {
  readonly code: string
  readonly hub: string | undefined
  readonly isAnew: boolean
  readonly stateDir: string
  readonly passphraseFile?: string | undefined
  /** What `sallyport agent start` must be given to find this agent. */
  readonly startFlags: string
}

/** Enrols and says what comes next. */
export async function agentEnrol(talk: Talk, asked: EnrolAsked): Promise<void> {
  const { enrolAgent } = await import('@sallyport/agent')
  const { passphraseFile, code, hub, isAnew } = asked
  const enrolled = await waiting(talk, 'redeeming the code', () =>
    enrolAgent({
      code,
      hub,
      isAnew,
      onWaiting: (keyId) => talk.say(waitingText(keyId)),
      stateDir: resolve(asked.stateDir),
      ...(passphraseFile === undefined ? {} : { passphraseFile }),
      clock: { now: () => Date.now() },
    }),
  )
  const { agentId, agentName, siteId, keyId, stateDir, operators } = enrolled
  const document = {
    format: 'sallyport.agent-enrol/1',
    agent: { name: agentName, agentId, keyId },
    siteId,
    operators,
    stateDir,
    setAside: enrolled.setAside ?? null,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('enrolled')} as ${agentName}`,
      pairs([
        ['key', `ed25519 ${fingerprint(keyId)}`],
        ['believes', operators.map(safeText).join(', ')],
        ['state', stateDir],
        ...(enrolled.setAside === undefined ? [] : [['set aside', enrolled.setAside] as const]),
      ]),
      'Next:',
      `  sallyport agent start${asked.startFlags}`,
    ].join('\n'),
  )
}

function waitingText(keyId: string): string {
  return [
    'The code was taken. An operator has to let this agent in, and compares this fingerprint of its key:',
    `  SHA256:${keyId}`,
    'They type: sallyport agent confirm <name>. This command goes on by itself then; Ctrl-C leaves it, and the same line again goes on.',
  ].join('\n')
}

/** Throws: ERR_NOT_ENROLLED when there is no agent in the folder. */
export async function expectEnrolled(stateDir: string): Promise<void> {
  if (existsSync(join(stateDir, 'agent.json'))) return
  throw new Problem('ERR_NOT_ENROLLED', 'this host is not an agent yet', {
    exit: EXIT.failed,
    details: { 'state directory': stateDir },
    unharmed: 'Nothing was started.',
    remedy: 'On the machine of the operator make a code, then run here the line that it prints:',
    commands: ['sallyport agent code <name of this host>'],
  })
}
