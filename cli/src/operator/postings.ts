// SPDX-License-Identifier: Apache-2.0
/** What people of a site leave for each other at the hub: sealed here, opened here, believed by its signatures alone. */
import { randomUUIDv7 } from 'node:crypto'
import { MAX_READERS, open, seal } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  encodeBase64url,
  encodeJson,
  parseEnvelope,
  parseJson,
} from '@sallyport/core/protocol'
import type { Envelope } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { PostingKind, PostingView } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import type { Operator } from './operator.ts'

const PAGE_ROWS = 100
/** Postings of one kind that are looked at, newest first. */
const MAX_POSTINGS = 500
const MAX_POSTED_BYTES = WIRE.maxSealedResultBytes

/** The sealed bytes of a posting. */
const Posted = z.strictObject({
  /** DSSE envelope, base64url. */
  envelope: z.base64url().max(256 * 1_024),
  /** DSSE envelope of the approval under which a proposed job would run, base64url, for those who do not hold it. */
  approval: z
    .base64url()
    .max(256 * 1_024)
    .nullable(),
})

/** A posting before it is sealed. */
export interface Outgo {
  readonly kind: PostingKind
  readonly about: string | null
  readonly envelope: Uint8Array
  readonly approval?: Uint8Array | undefined
  /** X25519, base64url. */
  readonly readers: readonly string[]
  readonly expiresAt: string
}

/** A posting that could be opened. Trust: anyone of the site may have left it; its envelope is not verified yet. */
export interface OpenedPosting {
  readonly view: PostingView
  readonly envelope: Envelope
  readonly approval: Uint8Array | undefined
}

/** Seals a posting to its readers and leaves it at the hub. */
export async function post({ hub }: Operator, outgo: Outgo): Promise<void> {
  const { kind, about, envelope, approval, readers, expiresAt } = outgo
  const posted = {
    envelope: encodeBase64url(envelope),
    approval: approval === undefined ? null : encodeBase64url(approval),
  }
  const sealed = await seal(encodeJson(posted), readers.slice(0, MAX_READERS))
  await hub.addPosting({ postingId: randomUUIDv7(), kind, about, sealed, expiresAt })
}

/** Postings of a kind that this person can open, newest first. What cannot be opened is for others. */
export async function readPostings(
  operator: Operator,
  filter: { readonly kind: PostingKind; readonly about?: string },
): Promise<OpenedPosting[]> {
  const opened: OpenedPosting[] = []
  let cursor: string | undefined
  let seenCount = 0
  do {
    const page = await operator.hub.listPostings({ ...filter, cursor, limit: PAGE_ROWS })
    for (const view of page.postings) {
      const found = view.kind === filter.kind ? await openPosting(operator, view) : undefined
      if (found !== undefined) opened.push(found)
    }
    seenCount += page.postings.length
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && seenCount < MAX_POSTINGS)
  return opened
}

async function openPosting(
  { identity }: Operator,
  view: PostingView,
): Promise<OpenedPosting | undefined> {
  try {
    const bytes = await open(view.sealed, identity.sealing, WIRE.maxSealedResultBytes)
    const posted = Posted.safeParse(parseJson(bytes, MAX_POSTED_BYTES))
    if (!posted.success) return undefined
    const { envelope, approval } = posted.data
    return {
      view,
      envelope: parseEnvelope(decodeBase64url(envelope), WIRE.maxSealedBytes),
      approval: approval === null ? undefined : decodeBase64url(approval),
    }
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}
