// SPDX-License-Identifier: Apache-2.0
/** Approvals and the bundles they name, as the bytes that were accepted. */
import { CodedError } from '@sallyport/sdk'
import type { ApprovalStore, HeldPlugin, RevocableParts } from '../admission/ports.ts'
import { MAX_BUNDLE_BYTES, epochMs, type Approval, type Revocation } from '../protocol/index.ts'
import type { BundleName } from '../runner/ports.ts'
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
    publisher_key TEXT NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    envelope BLOB NOT NULL CHECK (length(envelope) <= ${MAX_ENVELOPE_BYTES})
  ) STRICT;
  CREATE INDEX approvals_by_plugin ON approvals (plugin_name, issued_at_ms);
  CREATE INDEX approvals_by_digest ON approvals (digest);
  CREATE INDEX approvals_by_publisher ON approvals (publisher_key);
`

const FIND = `
  SELECT envelope, bytes FROM approvals JOIN bundles USING (digest)
  WHERE plugin_name = ?
  ORDER BY issued_at_ms DESC, approval_id DESC LIMIT 1
`
const LIST = `
  SELECT plugin_name, envelope, bytes FROM approvals JOIN bundles USING (digest)
  ORDER BY plugin_name, issued_at_ms DESC, approval_id DESC
`
const CONCERNED = `
  SELECT DISTINCT plugin_name, version, digest FROM approvals
  WHERE (plugin_name = ? OR digest = ? OR publisher_key = ?)
    AND digest NOT IN (SELECT digest FROM approvals WHERE issued_at_ms > ?)
  ORDER BY plugin_name, version, digest
`
const HAS_BUNDLE = 'SELECT 1 FROM bundles WHERE digest = ?'
const BUNDLES_SIZE = 'SELECT coalesce(sum(byte_count), 0) AS byte_count FROM bundles'
const COUNT = 'SELECT count(*) AS row_count FROM approvals'
const PUT_BUNDLE = `
  INSERT INTO bundles (digest, bytes, byte_count) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING
`
const PUT = `
  INSERT INTO approvals
    (approval_id, plugin_name, version, digest, publisher_key, issued_at_ms, expires_at_ms,
     accepted_at_ms, envelope)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (approval_id) DO NOTHING
`
const FORGET_EXPIRED = `
  DELETE FROM approvals WHERE expires_at_ms < ? AND EXISTS (
    SELECT 1 FROM approvals AS newer WHERE newer.plugin_name = approvals.plugin_name
    AND (newer.issued_at_ms, newer.approval_id) > (approvals.issued_at_ms, approvals.approval_id)
  )
`
const FORGET_UNUSED = 'DELETE FROM bundles WHERE digest NOT IN (SELECT digest FROM approvals)'

/** An approval with its bundle, under the name it is held for. Trust: as `HeldPlugin`. */
export interface HeldApproval extends HeldPlugin {
  readonly name: string
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
   * The most recently issued approval for a plugin, with its bundle.
   *
   * Why by issue and not by arrival: an older approval that was held back must not displace a newer one. Why also when it
   * has ended: the older one was replaced, and nobody has said that it is meant again.
   */
  find(pluginName: string): HeldPlugin | undefined {
    const row = this.#connection.get(FIND, pluginName)
    return row && { approval: bytesIn(row, 'envelope'), bundle: bytesIn(row, 'bytes') }
  }

  /** All approvals held, one by one, by plugin, the most recently issued first. */
  *list(): Generator<HeldApproval, void, undefined> {
    for (const row of this.#connection.iterate(LIST)) {
      const name = textIn(row, 'plugin_name')
      yield { name, approval: bytesIn(row, 'envelope'), bundle: bytesIn(row, 'bytes') }
    }
  }

  /**
   * The bundles that a revocation is about and that no newer approval names.
   *
   * Trust: columns, not signed bytes. They say what to stop; what may start is decided by the bytes.
   */
  concernedBy({ subject, issuedAt }: Pick<Revocation, 'subject' | 'issuedAt'>): BundleName[] {
    const { plugin = '', digest = '', publisherKey = '' } = subject as Partial<RevocableParts>
    const values = [plugin, digest, publisherKey, epochMs(issuedAt)]
    return this.#connection.all(CONCERNED, ...values).map((row) => ({
      name: textIn(row, 'plugin_name'),
      version: textIn(row, 'version'),
      digest: textIn(row, 'digest'),
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

  /** Keeps an approval, and forgets what expired long ago and was replaced. Throws: ERR_STORE_FULL. */
  put(approval: Approval, envelope: Uint8Array, atMs: number): void {
    const { approvalId, plugin, publisher, issuedAt, expiresAt } = approval
    const { name, version, digest } = plugin
    const times = [epochMs(issuedAt), epochMs(expiresAt), atMs]
    const named = [approvalId, name, version, digest, publisher.key]
    this.#connection.write(PUT, ...named, ...times, envelope)
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
