// SPDX-License-Identifier: Apache-2.0
/** An operator at work: unlocked keys, the site they sign for, and a way to the hub. */
import { keyIdOf, publicIdentity, trustStoreOf } from '@sallyport/core/crypto'
import type { Identity, TrustStore } from '@sallyport/core/crypto'
import { openHubClient, parseHubAddress } from '@sallyport/core/transport'
import type { HubClient } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { unlockOperator } from './identity.ts'
import { hubAddress, readSite } from './site.ts'
import type { Site } from './site.ts'

/** Everything that signing and sending needs. */
export interface Operator extends AsyncDisposable {
  readonly home: Home
  readonly identity: Identity
  readonly site: Site
  readonly hub: HubClient
  /** The keys of the trust root, as signers. */
  readonly trust: TrustStore
  /** X25519 keys of all operators, base64url: they read every job and every answer. */
  readonly readers: readonly string[]
  now(): number
}

/** How an operator is opened. */
export interface OperatorOptions {
  readonly home: Home
  readonly hub?: string | undefined
  readonly passphrase: () => Promise<Secret>
}

/** Unlocks the keys and makes ready. Throws: ERR_NO_OPERATOR, ERR_NOT_IN_SITE, ERR_PASSPHRASE, ERR_HUB_ADDRESS. */
export async function openOperator(options: OperatorOptions): Promise<Operator> {
  const { home } = options
  const site = await readSite(home)
  // Before the passphrase is asked for: nobody types it for nothing.
  const url = parseHubAddress(await hubAddress(home, options.hub))
  const identity = await unlockOperator(home, options.passphrase)
  expectInSite(site, identity)
  const now = () => Date.now()
  const hub = openHubClient({
    url,
    key: identity.signing,
    clock: { now },
  })
  return {
    home,
    identity,
    site,
    hub,
    trust: trustStoreOf(site.root.root, now()),
    readers: site.operators.map(({ sealingKey }) => sealingKey),
    now,
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  }
}

function expectInSite(site: Site, identity: Identity): void {
  const own = publicIdentity(identity)
  if (site.operators.some(({ signingKey }) => signingKey === own.signingKey)) return
  throw new CodedError('ERR_NOT_IN_SITE', `the site ${site.name} does not name this operator`, {
    details: { operator: own.name, keyId: keyIdOf(identity.signing.publicKey) },
  })
}
