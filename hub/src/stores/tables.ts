// SPDX-License-Identifier: Apache-2.0
/** The hub's tables. Ids, hashes, public keys, sealed text and times; times are epoch milliseconds. */
import type { EnvelopeState } from '@sallyport/core/transport'

/** A site the hub serves. */
export interface SiteRow {
  site_id: string
  name: string
  registered_at: number
}

/** An operator's public keys. A key belongs to one site. */
export interface OperatorRow {
  key_id: string
  site_id: string
  name: string
  signing_key: string
  sealing_key: string
}

/** An enrolled agent. */
export interface AgentRow {
  site_id: string
  agent_id: string
  key_id: string
  signing_key: string
  descriptor: string | null
  enrolled_at: number
  last_seen_at: number | null
}

/** An enrolment code, known by the hash of its redeem token only. */
export interface CodeRow {
  redeem_hash: string
  site_id: string
  agent_id: string
  sealed_enrolment: string
  added_at: number
  expires_at: number
  /** The signing key it was burned for. */
  redeemed_key: string | null
  redeemed_at: number | null
}

/** An envelope on its way to an agent. */
export interface EnvelopeRow {
  site_id: string
  envelope_id: string
  agent_id: string
  sealed: string
  state: EnvelopeState
  queued_at: number
  expires_at: number
  delivered_at: number | null
  answered_at: number | null
  /** Reserved for the agent until then; 0 while never delivered. */
  lease_until: number
  delivery_count: number
}

/** The one answer to an envelope. */
export interface ResultRow {
  site_id: string
  envelope_id: string
  sealed: string
}

/** A plugin bundle, stored under its digest. */
export interface BundleRow {
  site_id: string
  digest: string
  bytes: Uint8Array
  stored_at: number
}

/** The seed of the key that signs access tokens. */
export interface HubKeyRow {
  key_id: string
  seed: string
  made_at: number
}

/** All tables by name. */
export interface HubTables {
  sites: SiteRow
  operators: OperatorRow
  agents: AgentRow
  codes: CodeRow
  envelopes: EnvelopeRow
  results: ResultRow
  bundles: BundleRow
  hub_keys: HubKeyRow
}
