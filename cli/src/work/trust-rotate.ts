// SPDX-License-Identifier: Apache-2.0
/** Exchanges this person's own keys: those to work with, or the root key. */
import { publicIdentity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { isPinned, readAgents } from '../operator/agents.ts'
import { lockedIdentity } from '../operator/identity.ts'
import type { Operator } from '../operator/operator.ts'
import { lockedRootKey } from '../operator/root-key.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootChange } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { reportChange } from '../trust/report-change.ts'
import { LEAVING_DAYS, leaving, rootKeyFor } from '../trust/root-change.ts'

/** Which keys, and how. */
export interface RotateRequest {
  readonly isRoot: boolean
  readonly days?: number | undefined
  /** Days that the old keys still count. */
  readonly leavingDays?: number | undefined
  readonly manner: RootManner
}

/** Rotates them. */
export async function trustRotate(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: RotateRequest; hand: RootHand },
): Promise<ExitCode> {
  const make = request.isRoot ? rootRotation : ownRotation
  const change = await make(operator, request, hand)
  const { manner } = request
  return reportChange(talk, await changeRoot(operator, talk, { change, manner, hand }))
}

async function ownRotation(
  operator: Operator,
  { days, leavingDays = LEAVING_DAYS }: RotateRequest,
  hand: RootHand,
): Promise<RootChange> {
  const { identity: before, site } = operator
  const nowMs = operator.now()
  const { identity, box } = lockedIdentity(before.name, await hand.passphrase())
  const own = publicIdentity(before).signingKey
  const old = site.root.root.keys.find(({ signingKey }) => signingKey === own)!
  const { signingKey, sealingKey } = publicIdentity(identity)
  const { holder, role, concerns } = old
  const left = leaving(site.root.root.keys, (key) => key === old, { nowMs, days: leavingDays })
  const life = { nowMs, ...(days === undefined ? {} : { days }) }
  const added = rootKeyFor({ holder, role, signingKey, sealingKey, concerns }, life)
  const pending = (await readAgents(operator.home)).filter((record) => !isPinned(record))
  return {
    parts: { keys: [...left, added] },
    nextKeys: { keys: box },
    notes: [
      'What the old keys signed goes on until they end; approve and schedule it anew before.',
      ...(pending.length === 0
        ? []
        : [
            `Codes that were not used yet are void: ${pending.map(({ name }) => name).join(', ')}.`,
          ]),
    ],
    question: 'Exchange your keys?',
  }
}

async function rootRotation(
  operator: Operator,
  { days }: RotateRequest,
  hand: RootHand,
): Promise<RootChange> {
  const { root } = operator.site.root
  const old = encodeBase64url((await hand.unlock()).publicKey)
  const held = root.keys.find(({ signingKey, role }) => role === 'root' && signingKey === old)
  const holder = held?.holder ?? operator.identity.name
  const { signing, box } = lockedRootKey(holder, await hand.passphrase())
  const signingKey = encodeBase64url(signing.publicKey)
  const life = { nowMs: operator.now(), ...(days === undefined ? {} : { days }) }
  const added = rootKeyFor({ holder, role: 'root', signingKey, sealingKey: null }, life)
  return {
    parts: { keys: [...root.keys.filter((key) => key !== held), added] },
    cosigners: [signing],
    nextKeys: { rootKey: box },
    notes: ['Your recovery code stays as it is.'],
    question: 'Exchange your root key?',
  }
}
