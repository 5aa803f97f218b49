// SPDX-License-Identifier: Apache-2.0
/** Opens an operator: unlocks the keys, fetches the trust roots that are new, and finds the way to the hub. */
import type { Identity, SignedRoot } from '@sallyport/core/crypto'
import { openHubClient, parseHubAddress } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { adoptNextKeys } from '../trust/next-keys.ts'
import { unlockOperator } from './identity.ts'
import { nameRoot } from './name-key.ts'
import { isMemberOf, operatorUnder } from './operator-under.ts'
import type { Operator } from './operator.ts'
import { syncRoots } from './roots.ts'
import { hubAddress, readChain } from './site.ts'

/** How an operator is opened. */
export interface OperatorOptions {
  readonly home: Home
  readonly hub?: string | undefined
  readonly passphrase: () => Promise<Secret>
}

/**
 * Unlocks the keys, fetches the trust roots that are new, and makes ready.
 *
 * Throws: ERR_NO_OPERATOR, ERR_NOT_IN_SITE, ERR_PASSPHRASE, ERR_HUB_ADDRESS, ERR_ROOT_DOUBTFUL, ERR_ROOT_NAMES.
 */
export async function openOperator(options: OperatorOptions): Promise<Operator> {
  const { home } = options
  const held = (await readChain(home)).at(-1)!
  // Before the passphrase is asked for: nobody types it for nothing.
  const url = parseHubAddress(await hubAddress(home, options.hub))
  await adoptNextKeys(home, held.root)
  const identity = await unlockOperator(home, options.passphrase)
  const now = () => Date.now()
  const hub = openHubClient({ url, key: identity.signing, clock: { now } })
  await using opening = new AsyncDisposableStack()
  opening.use(hub)
  const root = await syncRoots(held, { home, hub })
  expectMember(root, identity)
  const named = await nameRoot(home, root, identity)
  opening.move()
  return operatorUnder(named, { home, hub, now }, { identity, isShared: false })
}

function expectMember(root: SignedRoot, identity: Identity): void {
  if (isMemberOf(root, identity)) return
  const { name, signing } = identity
  const what = 'the trust root of the site does not name these keys'
  throw new CodedError('ERR_NOT_IN_SITE', what, {
    details: { name, keyId: signing.keyId, version: root.root.version },
  })
}
