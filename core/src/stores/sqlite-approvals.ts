// SPDX-License-Identifier: Apache-2.0
/** Approvals and the bundles they name, as the bytes that were accepted. */
import { CodedError } from '@sallyport/sdk'
import type { ApprovalStore, HeldPlugin } from '../admission/ports.ts'
import { MAX_BUNDLE_BYTES, epochMs, type Approval } from '../protocol/index.ts'
import { bytesIn, integerIn, textIn } from './sqlite-columns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const DAY_MS = 86_400_000
const MAX_ENVELOPE_BYTES = 131_072

/** How much is held. */
export const APPROVAL_LIMITS = {
  maxApprovals: 1_024,
  maxBundlesBytes: 536_870_912,
  /** Why so long after its end: a clock that jumped ahead must not cost the approvals. */
  keptAfterExpiryMs: 30 * DAY_MS,
} as const

/** Tables of this file. */
export const APPROVALS_SCHEMA = `
  CREATE TABLE bundles (
    digest TEXT PRIMARY KEY,
    bytes BLOB NOT NULL CHECK (length(bytes) <= ${MAX_BUNDLE_BYTES}),
    byte_count INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX bundles_sizes ON bundles (byte_count);
  CREATE TABLE approvals (
    approval_id TEXT PRIMARY KEY,
    plugin_name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES bundles (digest),
    issued_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    envelope BLOB NOT NULL CHECK (length(envelope) <= ${MAX_ENVELOPE_BYTES})
  ) STRICT;
  CREATE INDEX approvals_by_plugin ON approvals (plugin_name, issued_at_ms);
  CREATE INDEX approvals_by_digest ON approvals (digest);
`

const FIND = `
  SELECT envelope, bytes FROM approvals JOIN bundles USING (digest)
  WHERE plugin_name = ? AND expires_at_ms > ?
  ORDER BY issued_at_ms DESC, approval_id DESC LIMIT 1
`
const LIST = `
  SELECT approval_id, plugin_name, version, digest, issued_at_ms, expires_at_ms, accepted_at_ms
  FROM approvals ORDER BY plugin_name, issued_at_ms DESC, approval_id DESC
`
const HAS_BUNDLE = 'SELECT 1 FROM bundles WHERE digest = ?'
const BUNDLES_SIZE = 'SELECT coalesce(sum(byte_count), 0) AS byte_count FROM bundles'
const COUNT = 'SELECT count(*) AS row_count FROM approvals'
const PUT_BUNDLE = `
  INSERT INTO bundles (digest, bytes, byte_count) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING
`
const PUT = `
  INSERT INTO approvals
    (approval_id, plugin_name, version, digest, issued_at_ms, expires_at_ms, accepted_at_ms, envelope)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (approval_id) DO NOTHING
`
const FORGET_EXPIRED = 'DELETE FROM approvals WHERE expires_at_ms < ?'
const FORGET_UNUSED = 'DELETE FROM bundles WHERE digest NOT IN (SELECT digest FROM approvals)'

/** What a list of approvals shows. Trust: columns, not signed bytes; for people only. */
export interface ApprovalSummary {
  readonly approvalId: string
  readonly pluginName: string
  readonly version: string
  readonly digest: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly acceptedAtMs: number
}

/** The approvals and bundles an agent holds. Trust: it hands out bytes; admission verifies them at every use. */
export class SqliteApprovalStore implements ApprovalStore {
  readonly #connection: SqliteConnection
  readonly #limits: ApprovalLimits

  constructor(connection: SqliteConnection, limits: ApprovalLimits = APPROVAL_LIMITS) {
    this.#connection = connection
    this.#limits = limits
  }

  /**
   * The most recently issued, unexpired approval for a plugin, with its bundle.
   *
   * Why by issue and not by arrival: an older approval that was held back must not displace a newer one.
   */
  find(pluginName: string, nowMs: number): HeldPlugin | undefined {
    const row = this.#connection.get(FIND, pluginName, nowMs)
    return row && { approval: bytesIn(row, 'envelope'), bundle: bytesIn(row, 'bytes') }
  }

  /** All approvals held, by plugin, the most recently issued first. */
  list(): ApprovalSummary[] {
    return this.#connection.all(LIST).map((row) => ({
      approvalId: textIn(row, 'approval_id'),
      pluginName: textIn(row, 'plugin_name'),
      version: textIn(row, 'version'),
      digest: textIn(row, 'digest'),
      issuedAtMs: integerIn(row, 'issued_at_ms'),
      expiresAtMs: integerIn(row, 'expires_at_ms'),
      acceptedAtMs: integerIn(row, 'accepted_at_ms'),
    }))
  }

  hasBundle(digest: string): boolean {
    return this.#connection.get(HAS_BUNDLE, digest) !== undefined
  }

  /** Keeps a bundle; to be followed by its approval in the same transaction. Throws: ERR_STORE_FULL. */
  putBundle(digest: string, bytes: Uint8Array): void {
    this.#connection.write(PUT_BUNDLE, digest, bytes, bytes.byteLength)
    const held = integerIn(this.#connection.get(BUNDLES_SIZE)!, 'byte_count')
    if (held > this.#limits.maxBundlesBytes) throw full('the bundles', held)
  }

  /** Keeps an approval, and forgets what expired long ago. Throws: ERR_STORE_FULL. */
  put(approval: Approval, envelope: Uint8Array, atMs: number): void {
    const { approvalId, plugin, issuedAt, expiresAt } = approval
    const { name, version, digest } = plugin
    const times = [epochMs(issuedAt), epochMs(expiresAt), atMs]
    this.#connection.write(PUT, approvalId, name, version, digest, ...times, envelope)
    this.#connection.write(FORGET_EXPIRED, atMs - this.#limits.keptAfterExpiryMs)
    this.#connection.write(FORGET_UNUSED)
    const count = integerIn(this.#connection.get(COUNT)!, 'row_count')
    if (count > this.#limits.maxApprovals) throw full('the approvals', count)
  }
}

/** The limits that are counted, not checked by the schema. */
export type ApprovalLimits = Readonly<Record<keyof typeof APPROVAL_LIMITS, number>>

function full(what: string, held: number): CodedError {
  return new CodedError('ERR_STORE_FULL', `${what} take more room than they may`, {
    details: { held },
  })
}
