// SPDX-License-Identifier: Apache-2.0
/** The same person under another root, and with other keys where that root gives them others. */
import { encodeBase64url } from '@sallyport/core/protocol'
import { trustStoreOf } from '@sallyport/core/crypto'
import type { Identity, RootKeys, VerifiedRoot } from '@sallyport/core/crypto'
import { openHubClient } from '@sallyport/core/transport'
import type { Operator } from './operator.ts'
import { siteOf } from './site.ts'

/** Makes it. Disposing it ends the connection, unless that is shared with the operator it was made from. */
export function operatorUnder(
  root: VerifiedRoot,
  from: Pick<Operator, 'home' | 'hub' | 'now'>,
  { identity, isShared }: { identity: Identity; isShared: boolean },
): Operator {
  const { home, hub } = from
  const now = (): number => from.now()
  const site = siteOf(root)
  return {
    home,
    identity,
    site,
    hub,
    trust: trustStoreOf(root.root, now()),
    readers: site.operators.map(({ sealingKey }) => sealingKey),
    now,
    [Symbol.asyncDispose]: async () => void (isShared || (await hub[Symbol.asyncDispose]())),
  }
}

/** The same under a newer root; with a connection of its own when the keys are others. */
export function operatorAfter(root: VerifiedRoot, before: Operator, identity: Identity): Operator {
  const { hub } = before
  const isShared = identity.signing.keyId === before.identity.signing.keyId
  const own = { url: hub.address, key: identity.signing, clock: before }
  const parts = isShared ? before : { ...before, hub: openHubClient(own) }
  return operatorUnder(root, parts, { identity, isShared })
}

/** Whether a root names these keys as those of an operator or a customer. */
export function isMemberOf({ root }: { readonly root: RootKeys }, { signing }: Identity): boolean {
  const key = encodeBase64url(signing.publicKey)
  return root.keys.some(({ role, signingKey }) => {
    return (role === 'operator' || role === 'customer') && signingKey === key
  })
}
