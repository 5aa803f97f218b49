// SPDX-License-Identifier: GPL-3.0-or-later
/** Which rights each operation takes that a job of this plugin uses. A test holds the table against the vendor's schema. */
import { parseRoute } from '@sallyport/sdk'
import type { AnyJobType, Permissions, RouteScope } from '@sallyport/sdk'

/** One thing that is needed: one of some privileges, on one of some paths. `/vms/{vmid}` is a path with a gap. */
export interface Need {
  readonly anyOf: readonly string[]
  readonly at: readonly string[]
}

/** What one operation takes. */
export interface OperationRights {
  /** What is asked for before anything is done, as the schema of the vendor says. */
  readonly checked: readonly Need[]
  /** What is asked for on the way, as its description says; for a list: what makes an entry visible. */
  readonly inside?: readonly Need[]
}

const need = (at: string, ...anyOf: string[]): Need => ({ anyOf, at: [at] })
const NOTHING: OperationRights = { checked: [] }
const AUDIT_ALL: OperationRights = { checked: [need('/', 'Sys.Audit')] }
const AUDIT_NODE: OperationRights = { checked: [need('/nodes/{node}', 'Sys.Audit')] }
const AUDIT_GUEST: OperationRights = { checked: [need('/vms/{vmid}', 'VM.Audit')] }
const AUDIT_STORAGE = need('/storage/{storage}', 'Datastore.Audit', 'Datastore.AllocateSpace')
const SPACE = need('/storage/{storage}', 'Datastore.AllocateSpace')
const BRIDGE = need('/sdn/zones/{zone}/{bridge}', 'SDN.Use')
const MAKE: Need = { anyOf: ['VM.Allocate'], at: ['/vms/{vmid}', '/pool/{pool}'] }
const guest = (...anyOf: string[]): OperationRights => ({
  checked: [need('/vms/{vmid}', ...anyOf)],
})

const CLONE: OperationRights = {
  checked: [
    need('/vms/{vmid}', 'VM.Clone'),
    { anyOf: ['VM.Allocate'], at: ['/vms/{newid}', '/pool/{pool}'] },
  ],
  inside: [SPACE, BRIDGE],
}

const CONFIG_COMMON = ['Disk', 'CPU', 'Memory', 'Network', 'Options']
const config = (...more: string[]): OperationRights =>
  guest(...[...CONFIG_COMMON, ...more].map((part) => `VM.Config.${part}`))

/** Rights by operation, those of 9.2; 8.4 and 9.1 ask for the same. */
export const OPERATION_RIGHTS: Readonly<Record<string, OperationRights>> = {
  'DELETE /nodes/{node}/lxc/{vmid}': guest('VM.Allocate'),
  'DELETE /nodes/{node}/lxc/{vmid}/snapshot/{snapname}': guest('VM.Snapshot'),
  'DELETE /nodes/{node}/qemu/{vmid}': guest('VM.Allocate'),
  'DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}': guest('VM.Snapshot'),
  // A token sees and stops its own tasks; those of others take Sys.Audit and Sys.Modify on the node.
  'DELETE /nodes/{node}/tasks/{upid}': NOTHING,
  'GET /access/permissions': NOTHING,
  'GET /cluster/ha/status/current': AUDIT_ALL,
  'GET /cluster/nextid': NOTHING,
  'GET /cluster/options': AUDIT_ALL,
  'GET /cluster/resources': {
    checked: [],
    inside: [need('/vms/{vmid}', 'VM.Audit'), need('/nodes/{node}', 'Sys.Audit'), AUDIT_STORAGE],
  },
  'GET /cluster/status': AUDIT_ALL,
  'GET /nodes/{node}/apt/update': { checked: [need('/nodes/{node}', 'Sys.Modify')] },
  'GET /nodes/{node}/apt/versions': AUDIT_NODE,
  'GET /nodes/{node}/config': AUDIT_ALL,
  'GET /nodes/{node}/lxc': { checked: [], inside: AUDIT_GUEST.checked },
  'GET /nodes/{node}/lxc/{vmid}/config': AUDIT_GUEST,
  'GET /nodes/{node}/lxc/{vmid}/feature': AUDIT_GUEST,
  'GET /nodes/{node}/lxc/{vmid}/migrate': guest('VM.Migrate'),
  'GET /nodes/{node}/lxc/{vmid}/pending': AUDIT_GUEST,
  'GET /nodes/{node}/lxc/{vmid}/snapshot': AUDIT_GUEST,
  'GET /nodes/{node}/lxc/{vmid}/status/current': AUDIT_GUEST,
  'GET /nodes/{node}/qemu': { checked: [], inside: AUDIT_GUEST.checked },
  'GET /nodes/{node}/qemu/{vmid}/config': AUDIT_GUEST,
  'GET /nodes/{node}/qemu/{vmid}/feature': AUDIT_GUEST,
  'GET /nodes/{node}/qemu/{vmid}/migrate': guest('VM.Migrate'),
  'GET /nodes/{node}/qemu/{vmid}/pending': AUDIT_GUEST,
  'GET /nodes/{node}/qemu/{vmid}/snapshot': AUDIT_GUEST,
  'GET /nodes/{node}/qemu/{vmid}/status/current': AUDIT_GUEST,
  'GET /nodes/{node}/rrddata': AUDIT_NODE,
  'GET /nodes/{node}/status': AUDIT_NODE,
  'GET /nodes/{node}/storage': { checked: [], inside: [AUDIT_STORAGE] },
  // Backups of a guest are shown to those who may back it up.
  'GET /nodes/{node}/storage/{storage}/content': {
    checked: [AUDIT_STORAGE],
    inside: [SPACE, need('/vms/{vmid}', 'VM.Backup')],
  },
  'GET /nodes/{node}/storage/{storage}/status': { checked: [AUDIT_STORAGE] },
  'GET /nodes/{node}/tasks': NOTHING,
  'GET /nodes/{node}/tasks/{upid}/log': NOTHING,
  'GET /nodes/{node}/tasks/{upid}/status': NOTHING,
  'GET /storage': { checked: [], inside: [AUDIT_STORAGE] },
  'GET /version': NOTHING,
  'POST /nodes/{node}/lxc': { checked: [], inside: [MAKE, SPACE, BRIDGE] },
  'POST /nodes/{node}/lxc/{vmid}/clone': CLONE,
  'POST /nodes/{node}/lxc/{vmid}/migrate': guest('VM.Migrate'),
  'POST /nodes/{node}/lxc/{vmid}/snapshot': guest('VM.Snapshot'),
  'POST /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback': guest(
    'VM.Snapshot',
    'VM.Snapshot.Rollback',
  ),
  'POST /nodes/{node}/lxc/{vmid}/status/reboot': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/lxc/{vmid}/status/shutdown': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/lxc/{vmid}/status/start': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/lxc/{vmid}/status/stop': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu': { checked: [], inside: [MAKE, SPACE, BRIDGE] },
  'POST /nodes/{node}/qemu/{vmid}/clone': CLONE,
  'POST /nodes/{node}/qemu/{vmid}/migrate': guest('VM.Migrate'),
  'POST /nodes/{node}/qemu/{vmid}/snapshot': guest('VM.Snapshot'),
  'POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback': guest(
    'VM.Snapshot',
    'VM.Snapshot.Rollback',
  ),
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu/{vmid}/status/resume': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu/{vmid}/status/start': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu/{vmid}/status/stop': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': guest('VM.PowerMgmt'),
  'POST /nodes/{node}/status': { checked: [need('/nodes/{node}', 'Sys.PowerMgmt')] },
  'POST /nodes/{node}/vzdump': { checked: [], inside: [need('/vms/{vmid}', 'VM.Backup'), SPACE] },
  'POST /nodes/{node}/wakeonlan': { checked: [need('/nodes/{node}', 'Sys.PowerMgmt')] },
  'POST /storage': { checked: [need('/storage', 'Datastore.Allocate')] },
  'PUT /nodes/{node}/lxc/{vmid}/config': config(),
  'PUT /nodes/{node}/lxc/{vmid}/resize': guest('VM.Config.Disk'),
  'PUT /nodes/{node}/qemu/{vmid}/config': config('CDROM', 'HWType', 'Cloudinit'),
  'PUT /nodes/{node}/qemu/{vmid}/resize': guest('VM.Config.Disk'),
}

/** The privilege that a field of a configuration takes. Source: qemu-server and pve-container, `PVE/API2`, permission groups. */
const CONFIG_PRIVILEGES: Readonly<Record<'qemu' | 'lxc', readonly (readonly [RegExp, string])[]>> =
  {
    qemu: [
      [/^(?:cores|sockets|vcpus|cpu|cpulimit|cpuunits)$/, 'VM.Config.CPU'],
      [/^(?:memory|balloon)$/, 'VM.Config.Memory'],
      [/^(?:ciuser|sshkeys|nameserver|searchdomain)$/, 'VM.Config.Cloudinit'],
      [/^(?:net|ipconfig)\d+$/, 'VM.Config.Network'],
      [/^smbios1$/, 'VM.Config.HWType'],
      [/^(?:name|description|tags|onboot|startup|protection|vmgenid|agent)$/, 'VM.Config.Options'],
    ],
    lxc: [
      [/^(?:cores|cpulimit|cpuunits)$/, 'VM.Config.CPU'],
      [/^(?:memory|swap)$/, 'VM.Config.Memory'],
      [/^(?:hostname|nameserver|searchdomain|net\d+)$/, 'VM.Config.Network'],
      [/^(?:description|tags|onboot|startup|protection)$/, 'VM.Config.Options'],
    ],
  }

/** The privilege that a field of a guest's configuration takes; undefined for what takes none of its own. */
export function privilegeOfField(kind: 'qemu' | 'lxc', field: string): string | undefined {
  return CONFIG_PRIVILEGES[kind].find(([form]) => form.test(field))?.[1]
}

/** The operation that a route of a job leads to, by the names that Proxmox VE has for its parts. */
export function operationOf(route: string): string | undefined {
  const { method, segments } = parseRoute(route)
  const shape = segments.map((segment) => ('literal' in segment ? segment.literal : '{}'))
  return Object.keys(OPERATION_RIGHTS).find((operation) => {
    const [ofMethod, path = ''] = operation.split(' ')
    const parts = path.slice(1).split('/')
    const isSame = parts.every((part, at) => (part.startsWith('{') ? '{}' : part) === shape[at])
    return ofMethod === method && parts.length === shape.length && isSame
  })
}

/** What a job type takes, each need once. Throws: TypeError for a route that the table does not know. */
export function needsOf(job: Pick<AnyJobType, 'permissions'>): Need[] {
  const permissions = job.permissions as Permissions
  const routes = Object.values(permissions).flatMap((each) =>
    each.kind === 'endpoint' && each.binding === 'pve' ? each.routes : [],
  )
  const needs = new Map(routes.flatMap(needsOfRoute).map((each) => [JSON.stringify(each), each]))
  return [...needs.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
}

function needsOfRoute(scope: RouteScope): Need[] {
  const operation = operationOf(scope.route)
  if (operation === undefined) throw new TypeError(`no rights are known for ${scope.route}`)
  const { checked, inside = [] } = OPERATION_RIGHTS[operation]!
  const kind = /^PUT .*\/(qemu|lxc)\/\{vmid\}\/config$/.exec(operation)?.[1]
  return kind === undefined
    ? [...checked, ...inside]
    : configNeeds(kind as 'qemu' | 'lxc', Object.keys(scope.body?.fields ?? {}))
}

/** Why not what is checked: that is any of all; what a field takes is asked for on the way. */
function configNeeds(kind: 'qemu' | 'lxc', fields: readonly string[]): Need[] {
  const privileges = fields.flatMap((field) => privilegeOfField(kind, field) ?? [])
  const needs = [...new Set(privileges)].map((privilege) => need('/vms/{vmid}', privilege))
  return fields.some((field) => /^net\d+$/.test(field)) ? [...needs, BRIDGE] : needs
}

/** Privileges at one path, all of them. */
export interface Right {
  readonly path: string
  readonly privileges: readonly string[]
}

/** The least rights that meet some needs: of several privileges or paths the first. */
export function leastRights(needs: readonly Need[]): Right[] {
  const byPath = new Map<string, Set<string>>()
  for (const { anyOf, at } of needs) {
    const path = at[0] ?? '/'
    byPath.set(path, (byPath.get(path) ?? new Set()).add(anyOf[0] ?? ''))
  }
  return [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, privileges]) => ({ path, privileges: [...privileges].sort() }))
}

/** The least rights of every job type, for programs that make roles. */
export function rightsByJob(
  jobs: Readonly<Record<string, Pick<AnyJobType, 'permissions'>>>,
): Record<string, Right[]> {
  return Object.fromEntries(
    Object.entries(jobs).map(([name, job]) => [name, leastRights(needsOf(job))]),
  )
}
