// SPDX-License-Identifier: Apache-2.0
/** The versions of the trust root that this person holds: each verified by the one before, from the site file on. */
import { revealRoot, verifyNextRoot } from '@sallyport/core/crypto'
import type { SignedRoot, VerifiedRoot } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { Refusal } from '@sallyport/core/protocol'
import { hubRefusalOf, isPassing } from '@sallyport/core/transport'
import type { HubClient } from '@sallyport/core/transport'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { keepRoot } from './kept-roots.ts'
import type { Operator } from './operator.ts'
import { readChain } from './site.ts'

const PAGE = 16
const MAX_PAGES = 64

/** The same as `readChain`, with names. Throws: as `readChain`, ERR_ROOT_NAMES. */
export async function readNamedChain({
  home,
  site,
}: Pick<Operator, 'home' | 'site'>): Promise<VerifiedRoot[]> {
  return (await readChain(home)).map((each) => revealRoot(each, site.root.nameKey))
}

/**
 * Fetches the versions after the one held, verifies each by the one before, and keeps them. Returns the newest.
 *
 * Trust: the hub can withhold a version and cannot make one up; one that does not follow ends the command.
 * Throws: ERR_ROOT_DOUBTFUL, ERR_HUB_… except when it is away or does not know this key: then what is held stands.
 */
export async function syncRoots(
  held: SignedRoot,
  { home, hub }: { home: Home; hub: Pick<HubClient, 'readTrustRoots'> },
): Promise<SignedRoot> {
  let newest = held
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const envelopes = await fetchAfter(newest, hub)
    for (const envelope of envelopes) {
      newest = verifyAfter(newest, envelope)
      await keepRoot(home, newest.root.version, newest.envelope)
    }
    if (envelopes.length < PAGE) break
  }
  return newest
}

/** Throws: ERR_ROOT_DOUBTFUL. */
function verifyAfter({ root }: SignedRoot, envelope: Uint8Array): SignedRoot {
  const verdict = verifyNextRoot(root, envelope)
  if (verdict.ok) return verdict
  throw doubtful(root.version + 1, verdict.refusal)
}

async function fetchAfter(
  { root }: SignedRoot,
  hub: Pick<HubClient, 'readTrustRoots'>,
): Promise<Uint8Array[]> {
  try {
    return (await hub.readTrustRoots(root.version + 1)).map(decodeBase64url)
  } catch (error) {
    // Whoever needs the hub or a place in the root hears of it where they need it.
    if (isPassing(error) || [401, 404].includes(hubRefusalOf(error)?.status ?? 0)) return []
    throw error
  }
}

function doubtful(version: number, { reason, details }: Refusal): Problem {
  return new Problem('ERR_ROOT_DOUBTFUL', `the hub shows a trust root that does not follow`, {
    exit: EXIT.refused,
    details: { version, reason, ...details },
    unharmed: 'It is not believed; the root you hold stands.',
    remedy:
      'Somebody stands between, or two people changed the root at once. Compare what each of you holds:',
    commands: ['sallyport trust show'],
  })
}
