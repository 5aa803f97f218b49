// SPDX-License-Identifier: Apache-2.0
/** Bounds of relayed connections. */

/** What connections of plugins may use. */
export interface RelayLimits {
  /** Time to reach the bound address. */
  readonly connectMs: number
  /** Connections of one handle at the same time. */
  readonly maxOpenPerHandle: number
  /** Connections of one handle in one run, all in all. */
  readonly maxPerHandle: number
  /** Connections of all runs of one plugin at the same time. */
  readonly maxOpenPerPlugin: number
  /** Connections of all plugins at the same time: each takes up to three descriptors of the agent. */
  readonly maxOpen: number
  /** Bytes of one connection, per direction. */
  readonly maxBytes: number
}

/** The bounds that hold. */
export const RELAY_LIMITS: RelayLimits = {
  connectMs: 10_000,
  maxOpenPerHandle: 8,
  maxPerHandle: 2_000,
  maxOpenPerPlugin: 16,
  maxOpen: 128,
  maxBytes: 1_073_741_824,
}
