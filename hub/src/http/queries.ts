// SPDX-License-Identifier: Apache-2.0
/** Shapes of query and path parameters. Numbers are plain decimal; a parameter that is not known is refused. */
import { Id } from '@sallyport/core/protocol'
import { BundleDigest, EnvelopeState, WIRE } from '@sallyport/core/transport'
import { z } from 'zod'

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

function decimal(min: number, max: number) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,3})$/, 'not a number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}
