// SPDX-License-Identifier: Apache-2.0
/** Signs the next version of a trust root, and says whether enough holders have. */
import { randomBytes } from 'node:crypto'
import {
  addSignature,
  openRoot,
  revealRoot,
  rootHoldersOf,
  signRoot as signNewRoot,
  verifyNextRoot,
} from '@sallyport/core/crypto'
import type { SigningKey, VerifiedRoot } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  maxEnvelopeBytes,
  parseEnvelope,
} from '@sallyport/core/protocol'
import type { TrustRoot } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** A version that is on its way: with enough signatures to stand, or with too few yet. */
export interface Draft extends VerifiedRoot {
  readonly isComplete: boolean
  /** Holders who signed, by the version that stands. */
  readonly have: readonly string[]
  /** How many must. */
  readonly need: number
}

const MAX_BYTES = maxEnvelopeBytes(documents.trustRoot.maxBytes)

/** Signs a new version. Throws: ERR_NOT_ROOT_HOLDER, ERR_ROOT_CHANGE. */
export function signRoot(
  current: VerifiedRoot,
  next: TrustRoot,
  keys: readonly [SigningKey, ...SigningKey[]],
): Draft {
  expectHolder(current.root, next, keys)
  const { nameKey } = current
  return draftOf(current, signNewRoot(next, keys, { nameKey, random: randomBytes }))
}

/** Adds a signature to a version that somebody else has signed. Throws: ERR_NOT_ROOT_HOLDER, ERR_ROOT_CHANGE, ERR_ROOT_NAMES. */
export function cosignRoot(current: VerifiedRoot, envelope: Uint8Array, key: SigningKey): Draft {
  expectHolder(current.root, nameAs(current, envelope).root, [key])
  return draftOf(current, withSignature(envelope, key))
}

/**
 * Holds a version against the one that stands.
 *
 * Throws: ERR_ROOT_CHANGE when more signatures would not help it, ERR_ROOT_NAMES when nobody could say whom it names.
 */
export function draftOf(stands: VerifiedRoot, envelope: Uint8Array): Draft {
  const opened = nameAs(stands, envelope)
  const current = stands.root
  const verdict = verifyNextRoot(current, envelope)
  const { reason } = verdict.ok ? { reason: null } : verdict.refusal
  if (reason !== null && reason !== 'signatures_missing' && reason !== 'unknown_key') {
    throw unfit(current, opened.root, reason)
  }
  const { siteId, version } = opened.root
  if (siteId !== current.siteId || version !== current.version + 1) {
    throw unfit(current, opened.root, 'stale_version')
  }
  const have = rootHoldersOf(envelope, current)
  return { ...opened, isComplete: verdict.ok, have, need: current.rootThreshold }
}

function nameAs({ nameKey }: VerifiedRoot, envelope: Uint8Array): VerifiedRoot {
  return revealRoot(openRoot(envelope), nameKey)
}

function withSignature(envelope: Uint8Array, key: SigningKey): Uint8Array {
  return addSignature(parseEnvelope(envelope, MAX_BYTES), key)
}

/** Why: a signature by a key that neither version knows helps nobody, and its maker should hear of it now. */
function expectHolder(current: TrustRoot, next: TrustRoot, keys: readonly SigningKey[]): void {
  const known = new Set(
    [...current.keys, ...next.keys]
      .filter(({ role }) => role === 'root')
      .map(({ signingKey }) => signingKey),
  )
  if (keys.every(({ publicKey }) => known.has(encodeBase64url(publicKey)))) return
  const holders = current.keys.filter(({ role }) => role === 'root').map(({ holder }) => holder)
  throw new Problem('ERR_NOT_ROOT_HOLDER', 'the root key on this machine is not one of this root', {
    exit: EXIT.refused,
    details: { version: current.version, holders: [...new Set(holders)].join(', ') },
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Ask one of the holders to make the change; see who they are:',
    commands: ['sallyport trust show'],
  })
}

function unfit(current: TrustRoot, next: TrustRoot, reason: string): Problem {
  return new Problem(
    'ERR_ROOT_CHANGE',
    `version ${next.version} cannot follow ${current.version}`,
    {
      exit: EXIT.refused,
      details: { reason, site: next.siteName },
      unharmed: 'Nothing was signed or sent.',
      remedy:
        'The root has changed since it was proposed, or it is of another site; propose it anew. What stands:',
      commands: ['sallyport trust show'],
    },
  )
}
