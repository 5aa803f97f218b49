// SPDX-License-Identifier: Apache-2.0
/** Renews the trust root and the keys in it before they end. */
import type { Operator } from '../operator/operator.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { reportChange } from '../trust/report-change.ts'
import { renewed } from '../trust/root-change.ts'

/** Renews it for so many days. */
export async function trustRenew(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: { days?: number | undefined; manner: RootManner }; hand: RootHand },
): Promise<ExitCode> {
  const { days, manner } = request
  const life = { nowMs: operator.now(), ...(days === undefined ? {} : { days }) }
  const keys = renewed(operator.site.root.root.keys, life)
  const change = { parts: { keys }, days, question: 'Renew it?' }
  return reportChange(talk, await changeRoot(operator, talk, { change, manner, hand }))
}
