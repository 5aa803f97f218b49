// SPDX-License-Identifier: Apache-2.0
/** Takes keys out of the trust root, and says what goes with them. */
import type { RootKey } from '@sallyport/core/protocol'
import { readApprovals } from '../operator/approvals.ts'
import type { Operator } from '../operator/operator.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted } from '../output/words.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { findKeys } from '../trust/find-keys.ts'
import { reportChange } from '../trust/report-change.ts'
import type { RootRole } from '../trust/root-change.ts'
import { rootKeyId } from '../trust/root-screen.ts'
import { HELD_KINDS, signedBy } from '../trust/signed-by.ts'
import type { SignedDocument } from '../trust/signed-by.ts'

const MAX_SHOWN = 20

/** Whose keys go. */
export interface RemoveRequest {
  readonly who: string
  readonly role?: RootRole | undefined
  /** Also says what they signed lately. */
  readonly isIncident?: boolean
  readonly manner: RootManner
}

/** Removes them. */
export async function trustRemove(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: RemoveRequest; hand: RootHand },
): Promise<ExitCode> {
  const { root } = operator.site.root
  const gone = findKeys(root, request.who, request.role)
  const signed = await waiting(talk, 'reading what they signed', () => {
    return signedBy(operator, new Set(gone.map(rootKeyId)))
  })
  const dying = dyingOf(signed)
  const change = {
    parts: { keys: root.keys.filter((key) => !gone.includes(key)) },
    notes: [
      ...(request.isIncident === true ? latelyNotes(signed) : []),
      ...(await removalNotes(operator, gone, dying)),
    ],
    question: `Remove ${counted(gone.length, 'key')}?`,
  }
  const { manner } = request
  const changed = await changeRoot(operator, talk, { change, manner, hand })
  return reportChange(talk, changed, {
    document: {
      removed: gone.map(removedJson),
      voids: dying,
      ...(request.isIncident === true ? { signed } : {}),
    },
  })
}

/** What these keys signed, newest first, as far as the hub has it. */
function latelyNotes(signed: readonly SignedDocument[]): string[] {
  if (signed.length === 0)
    return ['They signed nothing that the hub still has and that you can read.']
  const shown = signed.slice(0, MAX_SHOWN)
  const more = signed.length > shown.length ? ` The newest ${MAX_SHOWN} of ${signed.length}:` : ''
  return [
    `What they signed lately, as far as the hub has it; look at what you do not know.${more}`,
    pairs(
      shown.map(({ queuedAt, agent, kind, what, state }) => [
        queuedAt,
        `${agent}  ${kind} ${safeText(what)}  ${state}`,
      ]),
    ),
  ]
}

/** A key that goes, in a document. */
export function removedJson(key: RootKey): object {
  return { holder: key.holder, role: key.role, keyId: rootKeyId(key) }
}

/** What agents hold by these keys alone, the newest of each. */
export function dyingOf(signed: readonly SignedDocument[]): SignedDocument[] {
  const held = signed.filter(({ kind, isAlone, state }) => {
    return HELD_KINDS.includes(kind) && isAlone && state === 'answered'
  })
  const ids = held.map(({ agent, kind, what }) => `${agent} ${kind} ${what.split(' ')[0]}`)
  return held.filter((_, at) => ids.indexOf(ids[at]!) === at)
}

/** Sentences on what goes with these keys. */
export async function removalNotes(
  { home }: Operator,
  gone: readonly RootKey[],
  dying: readonly SignedDocument[],
): Promise<string[]> {
  const isOperator = gone.some(({ role }) => role === 'operator')
  const isPublisher = gone.some(({ role }) => role === 'publisher')
  const approvals = await readApprovals(home)
  const published = approvals.filter(({ publisher }) => {
    return gone.some(({ role, signingKey }) => role === 'publisher' && signingKey === publisher.key)
  })
  return [
    ...(isOperator && dying.length > 0
      ? [
          'These count no more, because nobody else signed them:',
          pairs(dying.map(({ agent, kind, what }) => [agent, `${kind} ${safeText(what)}`])),
        ]
      : []),
    ...(isOperator
      ? [
          'Whatever else these keys signed alone counts no more either; approve and schedule anew what shall go on.',
        ]
      : []),
    ...(isPublisher
      ? [
          `Approvals of what this publisher signed count no more (${counted(published.length, 'approval')} of yours).`,
        ]
      : []),
  ]
}
