// SPDX-License-Identifier: GPL-3.0-or-later
/** The routes by which a job sees the tasks of its own node and guest, and no others. */
import { route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'

/** Lines of a log that are read at once. */
export const LOG_PAGE = 500
/** Tasks of a list that are looked at; a new one is among the first. */
export const LIST_LIMIT = 50

/**
 * The routes to find and follow tasks about one resource of the job, `vmid` as a rule; without one, tasks about nothing
 * in particular (`UPID:…:aptupdate::root@pam:`). The job has a resource `node`.
 *
 * @example
 * permissions: { pve: endpoint('pve', [...GUEST_ROUTES, ...taskRoutes('vmid')]) }
 */
export function taskRoutes(resource?: string): RouteScope[] {
  const id = resource === undefined ? '' : `{${resource}}`
  const upid = `UPID:{node}:{pid:hex}:{pstart:hex}:{starttime:hex}:{type:id}:${id}:{user:account}:`
  return [
    route('GET /nodes/{node}/tasks', {
      query: {
        ...(resource !== undefined && { vmid: { resource, required: true } }),
        source: { equals: 'all' },
        limit: { min: 1, max: LIST_LIMIT },
      },
      others: 'forbidden',
    }),
    route(`GET /nodes/{node}/tasks/${upid}/status`, { query: {}, others: 'forbidden' }),
    route(`GET /nodes/{node}/tasks/${upid}/log`, {
      query: { start: { min: 0 }, limit: { min: 1, max: LOG_PAGE } },
      others: 'forbidden',
    }),
  ]
}
