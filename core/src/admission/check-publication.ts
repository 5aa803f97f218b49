// SPDX-License-Identifier: Apache-2.0
/** The publisher whom the approval names has published exactly this bundle, and the publication still counts. */
import { isCodedError } from '@sallyport/sdk'
import {
  openPublication,
  publishes,
  type PublishedBundle,
  type TrustStore,
  type TrustedKey,
} from '../crypto/index.ts'
import {
  decodeBase64url,
  encodeBase64url,
  type Approval,
  type Publication,
} from '../protocol/index.ts'
import { checkWindow } from './check-window.ts'
import { ask, because, pass, refuse, type Checked } from './checked.ts'
import type { HighWaterClock } from './ports.ts'

/**
 * Checks the publication inside an approval.
 *
 * Trust: the publication vouches for itself only; that its key is the right one is what the operator signed, and where the
 * trust root names publishers, what it says.
 * Time: it counts from its issue to its end, both by this host's clock; how long that is, is its publisher's affair.
 */
export function checkPublication(
  approval: Approval,
  bundle: PublishedBundle,
  { clock, trust }: { readonly clock: HighWaterClock; readonly trust: TrustStore },
): Checked<Publication> {
  const opened = readPublication(approval.publication)
  if (!opened.ok) return opened
  const publication = opened.value
  const { publisher } = publication
  if (publisher.key !== approval.publisher.key || publisher.name !== approval.publisher.name) {
    return refuse('not_published', { why: 'it is by another publisher', publisher: publisher.name })
  }
  const named = ask(() => trust.withRole('publisher'))
  if (!named.ok) return named
  if (!isAmong(named.value, publisher.key)) {
    return refuse('unknown_publisher', { publisher: publisher.name, key: publisher.key })
  }
  if (!publishes(publication, bundle, approval.plugin.digest)) {
    return refuse('not_published', { why: 'it is of another bundle', of: publication.plugin })
  }
  const window = { ...publication, notBefore: publication.issuedAt }
  const time = checkWindow(window, Number.POSITIVE_INFINITY, clock)
  if (!time.ok) return because('not_published', time.refusal)
  return pass(publication)
}

/** Why none means all: a site that names no publisher leaves it to who approves. */
function isAmong(named: readonly TrustedKey[], key: string): boolean {
  return named.length === 0 || named.some(({ publicKey }) => encodeBase64url(publicKey) === key)
}

function readPublication(text: string): Checked<Publication> {
  try {
    return pass(openPublication(decodeBase64url(text)))
  } catch (error) {
    if (!isCodedError(error)) throw error
    return refuse('not_published', { why: error.code, message: error.message.slice(0, 256) })
  }
}
