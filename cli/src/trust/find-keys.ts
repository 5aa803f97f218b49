// SPDX-License-Identifier: Apache-2.0
/** The keys of a root that a person means by a holder's name or a fingerprint. */
import type { RootKey, TrustRoot } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { RootRole } from './root-change.ts'
import { rootKeyId } from './root-screen.ts'

const FINGERPRINT = 'SHA256:'
const SHORTEST = 8

/**
 * Finds them: every key of a holder, or the one with this fingerprint; of one role when that is said.
 *
 * Throws: ERR_KEY_UNKNOWN when there is none, or a short fingerprint fits several.
 */
export function findKeys(root: TrustRoot, typed: string, role?: RootRole): RootKey[] {
  const inRole = root.keys.filter((key) => role === undefined || key.role === role)
  if (!typed.startsWith(FINGERPRINT)) {
    const held = inRole.filter(({ holder }) => holder === typed)
    if (held.length > 0) return held
    throw unknown(`nobody in this root is called ${JSON.stringify(typed)}`, root)
  }
  const wanted = typed.slice(FINGERPRINT.length)
  const found = inRole.filter((key) => rootKeyId(key).startsWith(wanted))
  if (wanted.length >= SHORTEST && found.length === 1) return found
  throw unknown(`${typed} fits ${wanted.length < SHORTEST ? 'too much' : found.length} keys`, root)
}

function unknown(why: string, root: TrustRoot): Problem {
  const holders = [...new Set(root.keys.map(({ holder }) => holder))].toSorted()
  return new Problem('ERR_KEY_UNKNOWN', why, {
    exit: EXIT.usage,
    details: { holders: holders.join(', ') },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Name a holder, or a fingerprint as it is shown by:',
    commands: ['sallyport trust show'],
  })
}
