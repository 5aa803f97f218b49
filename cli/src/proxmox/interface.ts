// SPDX-License-Identifier: Apache-2.0
/** Two ways to the interface of a Proxmox VE node with the rights to make accounts: a ticket over TLS, or root on the node itself. */
import type { Secret } from '@sallyport/sdk'

/** Calls operations by method and path; returns what is in `data`. Throws: ERR_ENDPOINT_STATUS, ERR_PVE_LOCAL, ERR_ENDPOINT_…. */
export interface PveInterface {
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    params?: Readonly<Record<string, string | number | boolean>>,
  ): Promise<unknown>
}

/** An account with a password, for one ticket. */
export interface Account {
  /** `root@pam`. */
  readonly id: string
  readonly password: Secret
  /** A time-based code, where the account has a second factor. */
  readonly totp?: string | undefined
}
