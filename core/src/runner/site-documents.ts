// SPDX-License-Identifier: Apache-2.0
/** The way of a trust root and of a policy: verified under the root that stands, kept, in force with the next job. */
import type { SiteAuthority } from '../admission/index.ts'
import { MAX_ROOT_BYTES, openRoot, type RootVerdict, type VerifiedRoot } from '../crypto/index.ts'
import { isCodedError } from '@sallyport/sdk'
import type { Receipt, Recorder } from './recorder.ts'
import type { TakerPorts } from './taker.ts'

/**
 * Takes the next trust root, or refuses it. One that is held already is answered as taken.
 *
 * Why no label and no address: the same bytes go to every agent of the site; that a version counts once is the replay check.
 */
export async function takeTrustRoot(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { book }: TakerPorts,
): Promise<void> {
  if (book === undefined) return refuseForeign(receipt, recorder, 'trust.refused')
  const { authority } = book
  const held = heldRoot(authority, envelope)
  const verdict = held ?? authority.verifyNext(envelope)
  if (!verdict.ok) return recorder.recordRefused(receipt, verdict.refusal, 'trust.refused')
  const { root, digest } = verdict
  const { version, keys, rootThreshold, thresholds } = root
  const isNew = held === undefined
  recorder.recordTaken(receipt, {
    digest,
    readers: [],
    output: { version, isNew },
    event: 'trust.accepted',
    details: {
      version,
      digest,
      isNew,
      rootThreshold,
      keys: keys.map(({ role, holder, signingKey }) => `${role} ${holder} ${signingKey}`),
      thresholds: thresholds.map(
        ({ effect, jobTypes, operators, customers }) =>
          `${effect} ${jobTypes}: ${operators} operators, ${customers} customers`,
      ),
    },
    checksPassedCount: 3,
    write: (nowMs) => {
      if (isNew) book.addRoot(version, envelope, nowMs)
    },
  })
}

/** Takes the next policy, or refuses it. One that is held already is refused as stale. */
export async function takePolicy(
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  { book }: TakerPorts,
): Promise<void> {
  if (book === undefined) return refuseForeign(receipt, recorder, 'policy.refused')
  const verdict = book.authority.verifyPolicy(envelope)
  if (!verdict.ok) return recorder.recordRefused(receipt, verdict.refusal, 'policy.refused')
  const { policy, digest } = verdict
  const { version } = policy
  const rootVersion = book.authority.root().version
  recorder.recordTaken(receipt, {
    digest,
    readers: [],
    output: { version },
    event: 'policy.accepted',
    details: { version, digest, rootVersion },
    checksPassedCount: 3,
    write: (nowMs) => book.addPolicy(version, { envelope, rootVersion }, nowMs),
  })
}

function heldRoot(
  authority: SiteAuthority,
  envelope: Uint8Array,
): Extract<RootVerdict<VerifiedRoot>, { ok: true }> | undefined {
  try {
    if (envelope.byteLength > MAX_ROOT_BYTES) return undefined
    const { digest } = openRoot(envelope)
    const held = authority.chain().find((each) => each.digest === digest)
    return held && { ok: true, ...held }
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_TRUST_BROKEN') throw error
    if (isCodedError(error)) return undefined
    throw error
  }
}

/** Why: a party without a book of its own takes nobody's word about the site. */
function refuseForeign(
  receipt: Receipt,
  recorder: Recorder,
  event: 'trust.refused' | 'policy.refused',
): void {
  recorder.recordRefused(receipt, { reason: 'unsupported_type', details: {} }, event)
}
