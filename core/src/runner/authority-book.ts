// SPDX-License-Identifier: Apache-2.0
/** Where an agent keeps the trust roots and policies that it took. */
import type { SiteAuthority } from '../admission/index.ts'

/** Where a party keeps its authority. */
export interface AuthorityBook {
  readonly authority: SiteAuthority
  /** Keeps a root. Called inside a transaction. */
  addRoot(version: number, envelope: Uint8Array, atMs: number): void
  /** Keeps a policy. Called inside a transaction. */
  addPolicy(
    version: number,
    held: { readonly envelope: Uint8Array; readonly rootVersion: number },
    atMs: number,
  ): void
}
