// SPDX-License-Identifier: Apache-2.0
/** Gives out a one-time code for a host. */
import { keyIdOf } from '@sallyport/core/crypto'
import { Name } from '@sallyport/core/protocol'
import { makeCode } from '../operator/codes.ts'
import type { CodeAsked, NewCode } from '../operator/codes.ts'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint, relative } from '../output/words.ts'

/** Makes the code and prints the line that the host needs. */
export async function agentCode(operator: Operator, talk: Talk, asked: CodeAsked): Promise<void> {
  expectAgentName(asked.name)
  const made = await waiting(talk, 'telling the hub', () => makeCode(operator, asked))
  const { code, addresses, record } = made
  const line = `sallyport agent enrol ${code}`
  const document = {
    format: 'sallyport.agent-code/1',
    agent: { name: record.name, agentId: record.agentId },
    code,
    hub: operator.hub.address,
    addresses,
    expiresAt: record.codeExpiresAt,
    enrolLine: line,
  }
  talk.answer(document, () =>
    [
      `On ${asked.name}, as the account that the agent shall run under:`,
      '',
      `  ${talk.paint.strong(line)}`,
      '',
      pairs([
        ...termsOf(made, operator.now()),
        [
          'site',
          `${operator.site.name}, signed by ${fingerprint(keyIdOf(operator.identity.signing.publicKey))}`,
        ],
      ]),
    ].join('\n'),
  )
}

/** Where a code is redeemed, and for how long it can be. */
export function termsOf(
  { addresses, record }: NewCode,
  nowMs: number,
): readonly (readonly [string, string])[] {
  return [
    ['hub', addresses.join(', ')],
    ['valid', `once, ${relative(Date.parse(record.codeExpiresAt), nowMs)}`],
  ]
}

/** Throws: ERR_USAGE when a text cannot be an agent's name. */
export function expectAgentName(name: string): void {
  if (Name.safeParse(name).success) return
  throw new Problem('ERR_USAGE', `${JSON.stringify(name)} is not a name for an agent`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was done.',
    remedy: 'A name has small letters, digits and inner hyphens, at most 63: pve1, nas-2.',
  })
}
