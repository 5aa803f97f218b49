// SPDX-License-Identifier: Apache-2.0
/** The writing side of the audit log: appends entries and signs a checkpoint over them; proves entries. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { equalBytes, type SigningKey } from '../crypto/index.ts'
import { encodeBase64url, type AuditProof } from '../protocol/index.ts'
import { signCheckpoint, verifyCheckpoint, type Checkpoint } from './checkpoint.ts'
import {
  encodeAuditEntry,
  parseAuditEntry,
  type AuditEntry,
  type AuditEventInput,
} from './entry.ts'
import {
  consistencyPath,
  inclusionPath,
  verifyConsistency,
  verifyInclusion,
} from './merkle-proof.ts'
import { MerkleFrontier, leafHash, rootOf } from './merkle.ts'
import type { AuditRow, AuditStore } from './ports.ts'

/** Proof that the log as it stands only adds to what it was. */
export interface GrowthProof {
  readonly oldSize: number
  /** What the root was at `oldSize`, by the entries now in the store. */
  readonly oldRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  /** The newest checkpoint. */
  readonly note: string
  readonly path: readonly Uint8Array[]
}

/** How a log is continued. */
export interface AuditLogOptions {
  /** The epoch in which checkpoints are signed; 0 unless given. */
  readonly epoch?: number
  /** 16 random bytes as base64url, for each entry. Without it what is easily guessed can be told from its hash. */
  readonly salt?: () => string
}

/**
 * An append-only log of one agent. Every append is one checkpoint.
 *
 * Trust: what is read back is held against the last checkpoint, which only this agent can sign; a log that does not
 * fit it is never continued and nothing is proven from it.
 */
export class AuditLog {
  readonly #origin: string
  readonly #store: AuditStore
  readonly #key: SigningKey
  readonly #salt: () => string | undefined
  #epoch: number
  /** Trees known to be right, before and after the last append. A transaction that failed leaves the first. */
  #known: MerkleFrontier[] = []
  /** The tree at the last head that was shown to grow: the next proof begins there. */
  #shown: MerkleFrontier | undefined

  /** `origin` is that of epoch 0. */
  constructor(store: AuditStore, origin: string, key: SigningKey, options: AuditLogOptions = {}) {
    this.#store = store
    this.#origin = origin
    this.#key = key
    this.#epoch = options.epoch ?? 0
    this.#salt = options.salt ?? (() => undefined)
  }

  /** The name under which checkpoints are signed now. */
  get origin(): string {
    return this.#epoch === 0 ? this.#origin : `${this.#origin}/${this.#epoch}`
  }

  /** The epoch in which checkpoints are signed now. */
  get epoch(): number {
    return this.#epoch
  }

  /** Count of its entries. Throws: ERR_AUDIT_BROKEN. */
  get size(): number {
    return this.#tree().size
  }

  /** The root over its first `size` entries. Throws: RangeError, ERR_AUDIT_BROKEN. */
  rootAt(size: number): Uint8Array {
    if (size > this.size) throw new RangeError(`the log does not have ${size} entries`)
    return this.#treeAt(size).root()
  }

  /**
   * Signs the checkpoints of `write`, and all later ones, in a later epoch. The entries stay. When `write` throws, the
   * epoch has not begun.
   */
  continueIn(epoch: number, write: () => void): void {
    if (!Number.isSafeInteger(epoch) || epoch <= this.#epoch) {
      throw new RangeError(`epoch ${epoch} does not come after ${this.#epoch}`)
    }
    const before = { epoch: this.#epoch, tree: this.#tree() }
    this.#known = [before.tree]
    this.#epoch = epoch
    try {
      write()
    } catch (error) {
      this.#known = [before.tree]
      this.#epoch = before.epoch
      throw error
    }
  }

  /**
   * Appends events and signs one checkpoint over the grown log. Durable with the transaction it is called in.
   *
   * Throws: ERR_AUDIT_BROKEN, ERR_AUDIT_EVENT, the store's errors.
   */
  append(events: readonly AuditEventInput[], atMs: number): AuditEntry[] {
    const before = this.#tree()
    if (events.length === 0) return []
    const after = before.clone()
    const rows = events.map((event): AuditRow => {
      const bytes = encodeAuditEntry(after.size, atMs, event, this.#salt())
      const row = { index: after.size, bytes, leafHash: leafHash(bytes) }
      after.append(row.leafHash)
      return row
    })
    const { size } = after
    const note = signCheckpoint({ origin: this.origin, size, root: after.root() }, this.#key)
    this.#store.append({ rows, checkpoint: { size, note }, frontier: after.toBytes() })
    this.#known = [before, after]
    return rows.map((row) => parseAuditEntry(row.bytes))
  }

  /**
   * Proves that an entry is in the log under the newest checkpoint.
   *
   * Throws: RangeError for an index that is not in the log; ERR_AUDIT_BROKEN when the entry is not what was signed.
   */
  prove(index: number): AuditProof {
    const tree = this.#tree()
    const hashOf = (from: number, to: number): Uint8Array =>
      this.#find(from, to) ?? rootOf(this.#store.leafHashes(from, to))
    const path = inclusionPath(hashOf, index, tree.size)
    const [row] = this.#store.read(index, index + 1)
    const checkpoint = this.#store.lastCheckpoint()
    if (row === undefined || checkpoint === undefined) throw broken('an entry is missing')
    const claim = { leafHash: leafHash(row.bytes), index, size: tree.size, path, root: tree.root() }
    if (!verifyInclusion(claim)) throw broken('an entry is not what was signed')
    return {
      index,
      entry: encodeBase64url(row.bytes),
      treeSize: tree.size,
      path: path.map(encodeBase64url),
      checkpoint: checkpoint.note,
    }
  }

  /**
   * Proves that the log only adds to the one of `oldSize`; undefined while it has no entry.
   *
   * Throws: RangeError when the log is shorter; ERR_AUDIT_BROKEN when the kept hashes do not lead to what was signed.
   */
  growth(oldSize: number): GrowthProof | undefined {
    const tree = this.#tree()
    const checkpoint = this.#store.lastCheckpoint()
    if (tree.size === 0) return undefined
    if (oldSize > tree.size) throw new RangeError(`the log does not have ${oldSize} entries`)
    if (checkpoint === undefined) throw broken('there are entries and no checkpoint')
    const old = this.#treeAt(oldSize)
    const hashOf = (from: number, to: number): Uint8Array =>
      old.find(from, to) ?? this.#find(from, to) ?? rootOf(this.#store.leafHashes(from, to))
    const path = consistencyPath(hashOf, oldSize, tree.size)
    const [root, oldRoot] = [tree.root(), old.root()]
    if (!verifyConsistency({ oldSize, oldRoot, newSize: tree.size, newRoot: root, path })) {
      throw broken('the kept hashes do not lead to what was signed')
    }
    this.#shown = tree.clone()
    return { oldSize, oldRoot, size: tree.size, root, note: checkpoint.note, path }
  }

  #treeAt(size: number): MerkleFrontier {
    const known = [this.#shown, ...this.#known].find((tree) => tree?.size === size)
    if (known !== undefined) return known
    const tree = new MerkleFrontier()
    for (const leaf of this.#store.leafHashes(0, size)) tree.append(leaf)
    return tree
  }

  #find(from: number, to: number): Uint8Array | undefined {
    for (const tree of this.#known) {
      const hash = tree.find(from, to)
      if (hash !== undefined) return hash
    }
    return undefined
  }

  /** The tree of the entries now in the store. */
  #tree(): MerkleFrontier {
    const size = this.#store.size()
    const known = this.#known.find((tree) => tree.size === size)
    if (known !== undefined) return known
    const tree = this.#load(size)
    this.#known = [tree]
    return tree
  }

  #load(size: number): MerkleFrontier {
    const last = this.#store.lastCheckpoint()
    if (last === undefined && size === 0) return new MerkleFrontier()
    if (last === undefined) throw broken('there are entries and no checkpoint')
    const verdict = verifyCheckpoint(last.note, this.#origin, this.#key.publicKey)
    if (!verdict.ok) throw broken(`the last checkpoint cannot be believed: ${verdict.why}`)
    if (verdict.epoch !== this.#epoch) throw broken('the last checkpoint is of another epoch')
    if (verdict.checkpoint.size !== size) throw broken('the last checkpoint is of another size')
    const saved = parseFrontier(this.#store.frontier())
    if (saved !== undefined && fits(saved, verdict.checkpoint)) return saved
    const rebuilt = new MerkleFrontier()
    for (const leaf of this.#store.leafHashes(0, size)) rebuilt.append(leaf)
    if (fits(rebuilt, verdict.checkpoint)) return rebuilt
    throw broken('the entries do not fit the last checkpoint')
  }
}

function fits(tree: MerkleFrontier, checkpoint: Checkpoint): boolean {
  return tree.size === checkpoint.size && equalBytes(tree.root(), checkpoint.root)
}

function parseFrontier(bytes: Uint8Array | undefined): MerkleFrontier | undefined {
  if (bytes === undefined) return undefined
  try {
    return MerkleFrontier.fromBytes(bytes)
  } catch (error) {
    if (!isCodedError(error)) throw error
    return undefined
  }
}

function broken(why: string): CodedError {
  const remedy = 'Run `sallyport audit verify` and keep a copy of the state directory.'
  return new CodedError('ERR_AUDIT_BROKEN', `the audit log was altered: ${why}. ${remedy}`)
}
