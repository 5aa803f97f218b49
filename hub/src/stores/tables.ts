// SPDX-License-Identifier: Apache-2.0
/** The hub's tables. Ids, hashes, public keys, sealed text and times; times are epoch milliseconds. */
import type { AgentStanding, EnvelopeState, PostingKind } from '@sallyport/core/transport'

/** A site the hub serves. */
export interface SiteRow {
  site_id: string
  name: string
  registered_at: number
}

/** A key of the newest trust root of a site. A key belongs to one site. */
export interface PersonRow {
  key_id: string
  site_id: string
  /** Holders of root keys come to publish the next root, and for nothing else. */
  role: 'operator' | 'customer' | 'root'
  name: string
  signing_key: string
  /** The key counts until then. */
  not_after: number
}

/** One version of a site's trust root. */
export interface TrustRootRow {
  site_id: string
  version: number
  /** Of the signed payload. */
  digest: string
  /** base64url. */
  envelope: string
  taken_at: number
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
  standing: AgentStanding
  standing_at: number | null
  /** The start of its program that opened a session last, and when that was. */
  instance: string | null
  instance_at: number | null
  start_count: number | null
  /** Starts before that one, the newest first, with spaces between. */
  past_instances: string
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
  /** 1 when an operator has to let in whoever redeems it. */
  must_confirm: number
  /** Ids of agents that are revoked when it is redeemed, with spaces between. */
  replaces: string
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
  /** The request that it is reserved for, of whatever hub; null while never delivered. */
  lease_holder: string | null
  /** Grows with each lease, and so is the fencing token of it: who held an older one holds nothing. */
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

/** What people and agents of a site leave for people to find. */
export interface PostingRow {
  site_id: string
  posting_id: string
  kind: PostingKind
  about: string | null
  agent_id: string | null
  /** Id of the key of the session. */
  posted_by: string
  sealed: string
  posted_at: number
  expires_at: number
}

/** The seed of the key under which the hub witnesses a site. */
export interface WitnessKeyRow {
  site_id: string
  seed: string
  made_at: number
}

/** One entry of the hub's log of a site: canonical JSON. */
export interface SiteLogRow {
  site_id: string
  position: number
  entry: string
}

/** The root over 2^level leaves of that log, from `position` times so many on. */
export interface SiteLogNodeRow {
  site_id: string
  level: number
  position: number
  hash: string
}

/** One epoch of an agent's log: its newest witnessed head, and how far its entries are stored. */
export interface AgentLogRow {
  site_id: string
  agent_id: string
  epoch: number
  size: number
  root: string
  /** Signed by the agent and by the hub. */
  note: string
  witnessed_at: number
  stored_size: number
  /** Of the tree over all leaf hashes that were ever stored. */
  frontier: string
  /** Length of the sealed text that is kept. */
  part_bytes: number
}

/** Two heads signed by one key, of which neither continues the other. */
export interface AgentForkRow {
  site_id: string
  agent_id: string
  shown_note: string
  held_note: string
  seen_at: number
}

/** Consecutive entries of an agent's log. */
export interface AuditSegmentRow {
  site_id: string
  agent_id: string
  epoch: number
  from_index: number
  entry_count: number
  part_bytes: number
  /** One a line. */
  leaf_hashes: string
  /** Sealed texts, one a line; empty once they had to make room. */
  parts: string
}

/** A key of sessions: of tokens by their algorithm, or of stamps, for one stretch of time. */
export interface SessionKeyRow {
  purpose: 'ES256' | 'HS512' | 'stamp'
  slot: number
  /** base64url. */
  secret: string
}

/** A value that was used, until that does not matter any more. */
export interface OnceRow {
  kind: string
  value: string
  expires_at: number
}

/** Which entry of a site's log is a step against invalid attempts. */
export interface LimitStepRow {
  site_id: string
  position: number
}

/** A key that is out until an operator lifts it. */
export interface QuarantineRow {
  key_id: string
  site_id: string
  role: PersonRow['role'] | 'agent'
  since: number
}

/** A time that began when a hub was restored, at one site. A site without a row is in its first. */
export interface EpochRow {
  site_id: string
  /** From 2 on. */
  epoch: number
  begun_at: number
  /** When the backup was made that it began with. */
  backup_at: number
  /** SHA-256 of the token of the code that confirms it. */
  confirm_hash: string
  confirmed_at: number | null
  /** Id of the operator's key. */
  confirmed_by: string | null
}

/** Sizes of the hub's log of which somebody holds a head: the one they showed last, and the one they were answered. */
export interface SeenHeadRow {
  site_id: string
  key_id: string
  shown: number
  answered: number
}

/** All tables by name. */
export interface HubTables {
  sites: SiteRow
  people: PersonRow
  trust_roots: TrustRootRow
  agents: AgentRow
  codes: CodeRow
  envelopes: EnvelopeRow
  results: ResultRow
  bundles: BundleRow
  session_keys: SessionKeyRow
  once: OnceRow
  postings: PostingRow
  witness_keys: WitnessKeyRow
  site_log: SiteLogRow
  site_log_nodes: SiteLogNodeRow
  agent_logs: AgentLogRow
  agent_forks: AgentForkRow
  audit_segments: AuditSegmentRow
  epochs: EpochRow
  seen_heads: SeenHeadRow
  limit_steps: LimitStepRow
  quarantines: QuarantineRow
}
