// SPDX-License-Identifier: Apache-2.0
/** What rights on Proxmox VE a set of job types needs: its roles, each at one place of the access tree. */

/** Privileges at one path of the access tree; `{name}` in it stands for what a job acts on. */
export interface Right {
  readonly path: string
  readonly privileges: readonly string[]
}

/** Rights by job name, as the plugin's table says. */
export type JobRights = Readonly<Record<string, readonly Right[]>>

/** A role to be made, and where it is given. */
export interface Role {
  readonly id: string
  readonly paths: readonly string[]
  readonly privileges: readonly string[]
}

/** To which guests the rights are limited. */
export interface Extent {
  readonly guests: readonly number[]
  readonly pools: readonly string[]
}

/** Parts of the access tree, by the first segment of a path. Source: Proxmox VE Administration Guide, "Objects and Paths". */
const AREAS: Readonly<Record<string, string>> = {
  '': 'cluster',
  access: 'access',
  mapping: 'mapping',
  nodes: 'nodes',
  pool: 'pools',
  sdn: 'network',
  storage: 'storage',
  vms: 'guests',
}

/**
 * The roles that these jobs need, one for each part of the access tree, so that no privilege is given where nothing asks
 * for it.
 *
 * Throws: RangeError for a path that no part of the tree has.
 */
export function rolesFor(
  jobs: readonly string[],
  rights: JobRights,
  setup: { tokenId: string; extent: Extent },
): Role[] {
  const byArea = new Map<string, Set<string>>()
  for (const { path, privileges } of jobs.flatMap((job) => rights[job] ?? [])) {
    const area = areaOf(path)
    const held = byArea.get(area) ?? new Set()
    for (const privilege of privileges) held.add(privilege)
    byArea.set(area, held)
  }
  return [...byArea].sort(byName).map(([area, privileges]) => ({
    id: `sallyport-${setup.tokenId}-${area}`,
    paths: pathsOf(area, setup.extent),
    privileges: [...privileges].sort(),
  }))
}

function areaOf(path: string): string {
  const area = AREAS[path.split('/')[1] ?? '']
  if (area === undefined) throw new RangeError(`${path} is no place of the access tree`)
  return area
}

/** Why guests alone are narrowed: nodes and storages are few, and a job names them. */
function pathsOf(area: string, { guests, pools }: Extent): string[] {
  if (area === 'cluster') return ['/']
  if (area !== 'guests' || guests.length + pools.length === 0) {
    return [`/${Object.keys(AREAS).find((segment) => AREAS[segment] === area)}`]
  }
  return [...guests.map((vmid) => `/vms/${vmid}`), ...pools.map((pool) => `/pool/${pool}`)]
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1
}
