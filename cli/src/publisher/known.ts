// SPDX-License-Identifier: Apache-2.0
/** Which publishers this home knows: its own, and those whose bundles an agent accepted from this operator. */
import type { Home } from '../home.ts'
import { readApprovals } from '../operator/approvals.ts'
import { fingerprint } from '../output/words.ts'
import { ownPublisher, publisherKeyId } from './identity.ts'
import type { Publisher } from './identity.ts'

/** A publisher as it is shown. */
export interface KnownPublisher extends Publisher {
  readonly keyId: string
  readonly isKnown: boolean
}

/** All publishers this home knows, each key once. */
export async function knownPublishers(home: Home): Promise<Publisher[]> {
  const own = await ownPublisher(home)
  const accepted = (await readApprovals(home)).filter(({ state }) => state === 'accepted')
  const all = [...(own === undefined ? [] : [own]), ...accepted.map(({ publisher }) => publisher)]
  return [...new Map(all.map((publisher) => [publisher.key, publisher])).values()]
}

/**
 * Looks a publisher up by its key.
 *
 * Trust: a name is what the holder of a key calls itself; only the key says whether it is the same one.
 */
export async function lookUp(home: Home, publisher: Publisher): Promise<KnownPublisher> {
  const known = await knownPublishers(home)
  const isKnown = known.some(({ key }) => key === publisher.key)
  return { ...publisher, keyId: publisherKeyId(publisher), isKnown }
}

/** A publisher for people: `ada (known key SHA256:q3Fh7Kb2)`. */
export function publisherText({ name, keyId, isKnown }: KnownPublisher): string {
  return `${name} (${isKnown ? 'known' : 'new'} key ${fingerprint(keyId)})`
}

/** A publisher for `--json`, its key and its fingerprint whole. */
export function publisherJson({ name, key, keyId, isKnown }: KnownPublisher): object {
  return { name, key, keyId, fingerprint: `SHA256:${keyId}`, isKnown }
}
