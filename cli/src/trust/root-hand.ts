// SPDX-License-Identifier: Apache-2.0
/** Who signs a change of the trust root, and how it is made. */
import type { SigningKey } from '@sallyport/core/crypto'
import type { Secret } from '@sallyport/sdk'

/** Somebody who may sign with a root key. */
export interface RootHand {
  /** What the operator's keys are locked under, and new keys shall be. */
  readonly passphrase: () => Promise<Secret>
  /** Opens the root key; asks for its passphrase when it is another. Throws: ERR_NO_ROOT_KEY, ERR_PASSPHRASE. */
  unlock(): Promise<SigningKey>
  /** Path of the root key. */
  readonly file: string
}

/** How a person wants it done. */
export interface RootManner {
  readonly isAgreed: boolean
  readonly timeoutMs: number
  /** Where a change goes that others must sign; else a file in this folder. */
  readonly out?: string | undefined
}
