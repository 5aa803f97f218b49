// SPDX-License-Identifier: Apache-2.0
/** Shapes of query and path parameters. Numbers are plain decimal; a parameter that is not known is refused. */
import { Id } from '@sallyport/core/protocol'
import { BundleDigest, EnvelopeState, PostingKind, WIRE } from '@sallyport/core/transport'
import { z } from 'zod'

/** Highest version of a trust root. */
const MAX_VERSION = 1_000_000
/** Highest index of an entry, and number of an epoch. */
const MAX_COUNT = 999_999_999
/** Rows of a page when the request does not say. */
const DEFAULT_LIMIT = 50

/** How long a request may be held. */
export const waitSeconds = decimal(0, WIRE.maxWaitSeconds).default(0)

/** Where a page begins, and its size. */
const page = {
  cursor: z.string().max(256).optional(),
  limit: decimal(1, WIRE.maxPageRows).default(DEFAULT_LIMIT),
}

/** `?cursor&limit` */
export const PageQuery = z.strictObject(page)

/** `?agentId&cursor&limit` */
export const EnvelopesQuery = z.strictObject({ ...page, agentId: Id.optional() })

/** `?waitSeconds&unless` */
export const EnvelopeQuery = z.strictObject({ waitSeconds, unless: EnvelopeState.optional() })

/** `?waitSeconds&again` */
export const MailboxQuery = z.strictObject({ waitSeconds, again: z.literal('true').optional() })

/** `{envelopeId}` */
export const EnvelopePath = z.strictObject({ envelopeId: Id })

/** `{digest}` */
export const BundlePath = z.strictObject({ digest: BundleDigest })

/** `?kind&about&agentId&cursor&limit` */
export const PostingsQuery = z.strictObject({
  ...page,
  kind: PostingKind.optional(),
  about: Id.optional(),
  agentId: Id.optional(),
})

/** `{postingId}` */
export const PostingPath = z.strictObject({ postingId: Id })

/** `?from` */
export const RootsQuery = z.strictObject({ from: decimal(1, MAX_VERSION).default(1) })

/** `{version}` */
export const RootPath = z.strictObject({ version: decimal(1, MAX_VERSION) })

/** `?from&epoch` */
export const AuditQuery = z.strictObject({
  from: decimal(0, MAX_COUNT).default(0),
  epoch: decimal(0, MAX_COUNT).optional(),
})

/** `{agentId}` */
export const AgentPath = z.strictObject({ agentId: Id })

/** `{agentId}` */
export const AuditPath = z.strictObject({ agentId: Id })

/** `{from}` */
export const SegmentPath = z.strictObject({ from: decimal(0, MAX_COUNT) })

/** `?size` */
export const HubHeadQuery = z.strictObject({ size: decimal(0, MAX_COUNT).default(0) })

function decimal(min: number, max: number) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'not a number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}
