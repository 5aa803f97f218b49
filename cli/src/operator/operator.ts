// SPDX-License-Identifier: Apache-2.0
/** An operator at work: unlocked keys, the site they sign for, and a way to the hub. */
import type { Identity, TrustStore } from '@sallyport/core/crypto'
import type { HubClient } from '@sallyport/core/transport'
import type { Home } from '../home.ts'
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
