// SPDX-License-Identifier: Apache-2.0
/** The head of the hub's own log of a site, signed, with the proof that it begins with the one somebody knows. */
import {
  HUB_ORIGIN,
  consistencyPath,
  nodesOf,
  rootOf,
  rootOfNodes,
  signCheckpoint,
  type TreeNode,
} from '@sallyport/core/audit'
import type { SigningKey } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { NoResultError } from 'kysely'
import type { HubHead } from '@sallyport/core/transport'
import type { HubDatabase } from '../stores/database.ts'
import { readSiteLogNode, siteLogSize } from '../stores/site-log.ts'

/**
 * Reads the head of the log of a site.
 *
 * Trust: a size that the log does not have gets no proof. Whoever knows a longer log than this one holds two heads that
 * one hub signed, which is the proof that its log was set back. A size of which the hub does not know that anybody holds
 * it has no proof either, when that part of the log has gone.
 */
export async function readHubHead(
  db: HubDatabase,
  { siteId, key }: { siteId: string; key: SigningKey },
  knownSize: number,
): Promise<HubHead> {
  const size = await siteLogSize(db, siteId)
  const tree = new SiteTree(db, siteId)
  const root = size === 0 ? rootOf([]) : await tree.hashOf(0, size)
  const path = knownSize > size ? [] : await tree.consistency(knownSize, size).catch(noProof)
  return {
    key: encodeBase64url(key.publicKey),
    note: signCheckpoint({ origin: HUB_ORIGIN, size, root }, key),
    consistency: path.map(encodeBase64url),
  }
}

/** Reads subtrees, each once. */
class SiteTree {
  readonly #db: HubDatabase
  readonly #siteId: string
  readonly #read = new Map<string, Uint8Array>()

  constructor(db: HubDatabase, siteId: string) {
    this.#db = db
    this.#siteId = siteId
  }

  async hashOf(from: number, to: number): Promise<Uint8Array> {
    const hashes: Uint8Array[] = []
    for (const node of nodesOf(from, to)) hashes.push(await this.#node(node))
    return rootOfNodes(hashes)
  }

  /** Why twice: the path is made of whatever ranges the first pass asks for, and reading them takes a while. */
  async consistency(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    const ranges: [from: number, to: number][] = []
    consistencyPath((...range) => (ranges.push(range), EMPTY), oldSize, newSize)
    const hashes = new Map<string, Uint8Array>()
    for (const [from, to] of ranges) hashes.set(`${from} ${to}`, await this.hashOf(from, to))
    return consistencyPath((from, to) => hashes.get(`${from} ${to}`) ?? EMPTY, oldSize, newSize)
  }

  async #node(node: TreeNode): Promise<Uint8Array> {
    const name = `${node.level} ${node.position}`
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const hash = await readSiteLogNode(this.#db, this.#siteId, node)
    this.#read.set(name, hash)
    return hash
  }
}

function noProof(error: unknown): Uint8Array[] {
  if (error instanceof NoResultError) return []
  throw error
}

const EMPTY = new Uint8Array()
