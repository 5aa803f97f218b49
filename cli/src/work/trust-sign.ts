// SPDX-License-Identifier: Apache-2.0
/** Adds this holder's signature to a trust root that another holder proposes. */
import { readFile } from 'node:fs/promises'
import { MAX_ROOT_BYTES } from '@sallyport/core/crypto'
import type { Operator } from '../operator/operator.ts'
import { confirmOrStop } from '../output/confirm.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeScreen, finish } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { reportChange } from '../trust/report-change.ts'
import { cosignRoot, draftOf } from '../trust/sign-root.ts'

/** Shows it, asks, signs it, and publishes it when that makes enough. */
export async function trustSign(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: { file: string; manner: RootManner }; hand: RootHand },
): Promise<ExitCode> {
  const { file, manner } = request
  const envelope = (await readFile(file)).subarray(0, MAX_ROOT_BYTES + 1)
  const stands = operator.site.root
  const { root, have, need } = draftOf(stands, envelope)
  const notes = [`Signed by ${have.join(', ') || 'nobody who counts'}; ${need} must.`]
  const shown = changeScreen(stands.root, root, { notes, nowMs: operator.now(), talk })
  const question = 'Sign exactly this?'
  await confirmOrStop(talk, { shown, question, isAgreed: manner.isAgreed })
  const key = await hand.unlock()
  const draft = cosignRoot(stands, envelope, key)
  const changed = await finish(operator, talk, {
    draft,
    keys: [key],
    manner: { ...manner, out: manner.out ?? file },
    hand,
  })
  return reportChange(talk, changed)
}
