// SPDX-License-Identifier: Apache-2.0
/** What a backup has of each table. A table that is not named here does not compile. */
import type { HubTables } from '../stores/tables.ts'

/** A table that a backup has: its primary key, and how many of its rows are read at once. */
export interface KeptTable {
  readonly key: readonly string[]
  readonly pageRows: number
}

/** Rows of a few hundred bytes; rows with sealed text; rows of megabytes. */
const [SMALL, SEALED, LARGE] = [512, 8, 1]

/**
 * Every table, those first to which others refer. `undefined` stands for what must not come back.
 *
 * Why codes, session keys and once-only values stay out: a hub that is restored does not know which of them were used or
 * renewed since, so none of them counts any more; and whoever steals a backup gets nothing to open a session with.
 */
export const BACKUP_TABLES = {
  sites: { key: ['site_id'], pageRows: SMALL },
  people: { key: ['key_id'], pageRows: SMALL },
  trust_roots: { key: ['site_id', 'version'], pageRows: SEALED },
  witness_keys: { key: ['site_id'], pageRows: SMALL },
  epochs: { key: ['site_id', 'epoch'], pageRows: SMALL },
  agents: { key: ['site_id', 'agent_id'], pageRows: SEALED },
  envelopes: { key: ['site_id', 'envelope_id'], pageRows: SEALED },
  results: { key: ['site_id', 'envelope_id'], pageRows: SEALED },
  bundles: { key: ['site_id', 'digest'], pageRows: LARGE },
  postings: { key: ['site_id', 'posting_id'], pageRows: SEALED },
  site_log: { key: ['site_id', 'position'], pageRows: SMALL },
  site_log_nodes: { key: ['site_id', 'level', 'position'], pageRows: SMALL },
  seen_heads: { key: ['site_id', 'key_id'], pageRows: SMALL },
  limit_steps: { key: ['site_id', 'position'], pageRows: SMALL },
  quarantines: { key: ['key_id'], pageRows: SMALL },
  agent_logs: { key: ['site_id', 'agent_id', 'epoch'], pageRows: SMALL },
  agent_forks: { key: ['site_id', 'agent_id', 'shown_note'], pageRows: SMALL },
  audit_segments: { key: ['site_id', 'agent_id', 'epoch', 'from_index'], pageRows: SEALED },
  codes: undefined,
  session_keys: undefined,
  once: undefined,
} as const satisfies Record<keyof HubTables, KeptTable | undefined>

/** Tables that earlier steps of the schema made and later ones took away. */
export const FORMER_TABLES = ['operators', 'hub_keys'] as const
