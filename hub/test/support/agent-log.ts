// SPDX-License-Identifier: Apache-2.0
/** The audit log of a test's agent: entries are numbers, heads are real. */
import {
  auditOrigin,
  consistencyPath,
  leafHash,
  rangesOf,
  rootOf,
  signCheckpoint,
} from '@sallyport/core/audit'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { AuditSegment } from '@sallyport/core/transport'
import type { TestAgent } from './site.ts'

/** A log that has as many entries as anyone asks for. */
export class AgentLog {
  readonly #agent: TestAgent
  readonly #leaves: Uint8Array[]
  readonly epoch: number

  /** Entries from `parts` on are those of `branch`, so that two logs part there. */
  constructor(
    agent: TestAgent,
    {
      epoch = 0,
      parts = 1_000,
      branch = 1,
    }: { epoch?: number; parts?: number; branch?: number } = {},
  ) {
    this.#agent = agent
    this.epoch = epoch
    this.#leaves = Array.from({ length: 600 }, (_, n) =>
      leafHash(Uint8Array.of(n % 256, n >> 8, n < parts ? 0 : branch)),
    )
  }

  /** The note of a size. */
  note(size: number, key = this.#agent.identity.signing, agentId = this.#agent.agentId): string {
    const root = rootOf(this.#leaves.slice(0, size))
    return signCheckpoint({ origin: auditOrigin(agentId, this.epoch), size, root }, key)
  }

  /** A head and its growth. */
  head(size: number, oldSize: number, hubSize = 0) {
    const path = consistencyPath(rangesOf(this.#leaves), Math.min(oldSize, size), size)
    const consistency = path.map(encodeBase64url)
    return { note: this.note(size), oldSize, consistency, hubSize }
  }

  /** Entries `from` to `to`, sealed as one part. */
  segment(from: number, to: number, sealed = `sealed ${from}`): AuditSegment {
    const leafHashes = this.#leaves.slice(from, to).map(encodeBase64url)
    return { from, leafHashes, parts: [{ sealed }] }
  }
}
