// SPDX-License-Identifier: GPL-3.0-or-later
/** What jobs that change one guest have in common: their routes, their output, what a plan shows of the guest. */
import { isCodedError, route } from '@sallyport/sdk'
import type { FieldScope, RouteScope, Verification } from '@sallyport/sdk'
import { z } from 'zod'
import type { Guest } from './guest-ref.ts'
import type { TaskEnd } from './tasks.ts'

/** What a change yields. */
export const Changed = z.object({
  changed: z.boolean().describe('false when it was so already; nothing was asked for then'),
  upid: z.string().optional().describe('the task that did it'),
  notes: z.array(z.string()),
})
/** What a change yields. */
export type Changed = z.infer<typeof Changed>

/** What a plan shows of a guest. Why nothing that moves by itself: a plan is signed, and compared before the run. */
export interface SeenGuest {
  readonly vmid: number
  readonly node: string
  readonly kind: Guest['kind']
  readonly name: string | null
  readonly status: Guest['status']
  readonly haState: string | null
}

/** The guest, for a plan. */
export function seenOf({ vmid, node, kind, name, status, haState }: Guest): SeenGuest {
  return { vmid, node, kind, name: name ?? null, status, haState: haState ?? null }
}

/** Nothing had to be done. */
export function unchanged(...notes: string[]): Changed {
  return { changed: false, notes }
}

/** A task did it. */
export function changedBy(end: TaskEnd, ...notes: string[]): Changed {
  return { changed: true, upid: end.upid, notes: [...end.notes, ...notes] }
}

/** Notes on what the HA manager makes of a change; none when it does not look after the guest. */
export function haNotes({ haState }: Guest): string[] {
  return haState === undefined
    ? []
    : [`the HA manager looks after this guest (${haState}) and does it in its own time`]
}

/**
 * One operation on a machine and on a container, with nothing in the body but these fields.
 *
 * @example
 * guestRoutes('POST', '/status/shutdown', { timeout: { min: 1, max: 3_600 } })
 */
export function guestRoutes(
  method: 'POST' | 'PUT',
  below: `/${string}`,
  body: FieldScope['fields'] = {},
): RouteScope[] {
  return (['qemu', 'lxc'] as const).map((kind) =>
    route(`${method} /nodes/{node}/${kind}/{vmid}${below}`, { body, others: 'forbidden' }),
  )
}

/** As `guestRoutes`, of operations that only look or that take their parameters in the query. */
export function guestQueryRoutes(
  method: 'GET' | 'DELETE',
  below: '' | `/${string}`,
  query: FieldScope['fields'] = {},
): RouteScope[] {
  return (['qemu', 'lxc'] as const).map((kind) =>
    route(`${method} /nodes/{node}/${kind}/{vmid}${below}`, { query, others: 'forbidden' }),
  )
}

/** A verdict on what was looked for; a look that fails says nothing either way. */
export async function verdictOf(look: () => Promise<Verification>): Promise<Verification> {
  try {
    return await look()
  } catch (error) {
    if (!isCodedError(error)) throw error
    return { verdict: 'inconclusive', message: `it cannot be seen: ${error.message}` }
  }
}
