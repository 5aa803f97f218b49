// SPDX-License-Identifier: GPL-3.0-or-later
/** The high availability manager: which guests it looks after, and where they may run. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { listOf, textOf } from '../guests/params.ts'
import { isNewer } from '../guests/version.ts'
import { isQuorate, needQuorum } from '../quorum.ts'
import type { SimHaResource, World } from '../world.ts'

type Settings = Record<string, string | number>

/** High availability. Groups are in 8.4, rules in 9.x; both are kept as rules. */
export const haBehaviours: Behaviours = {
  'GET /cluster/ha': () => ['groups', 'resources', 'rules', 'status'].map((id) => ({ id })),
  'GET /cluster/ha/resources': (call) =>
    [...call.world.ha.resources.values()].filter((each) => isOfType(call, each)).map(resourceRow),
  'POST /cluster/ha/resources': addResource,
  'GET /cluster/ha/resources/{sid}': (call) => resourceRow(resourceOf(call)),
  'PUT /cluster/ha/resources/{sid}': changeResource,
  'DELETE /cluster/ha/resources/{sid}': (call) => {
    needQuorum(call.world)
    call.world.ha.resources.delete(resourceOf(call).sid)
    return null
  },
  'GET /cluster/ha/groups': (call) => (isNewer(call.world) ? refuseGroups() : rows(call.world)),
  'POST /cluster/ha/groups': (call) =>
    isNewer(call.world) ? refuseGroups() : addRule(call, 'group'),
  'GET /cluster/ha/groups/{group}': (call) =>
    isNewer(call.world) ? refuseGroups() : rule(call, 'group'),
  'PUT /cluster/ha/groups/{group}': (call) =>
    isNewer(call.world) ? refuseGroups() : changeRule(call, 'group'),
  'DELETE /cluster/ha/groups/{group}': (call) => removeRule(call, 'group'),
  'GET /cluster/ha/rules': (call) => rows(call.world).filter((row) => matches(call, row)),
  'POST /cluster/ha/rules': (call) => addRule(call, 'rule'),
  'GET /cluster/ha/rules/{rule}': (call) => rule(call, 'rule'),
  'PUT /cluster/ha/rules/{rule}': (call) => changeRule(call, 'rule'),
  'DELETE /cluster/ha/rules/{rule}': (call) => removeRule(call, 'rule'),
  'GET /cluster/ha/status': () => [{ name: 'current' }, { name: 'manager_status' }],
  'GET /cluster/ha/status/current': haStatus,
  'GET /cluster/ha/status/manager_status': managerStatus,
}

/** `vm:101` or `ct:102` for what may also be said as a bare number. */
function sidOf(world: World, text: string): string {
  if (text.includes(':')) return text
  return `${world.guests.get(Number(text))?.type === 'lxc' ? 'ct' : 'vm'}:${text}`
}

function isOfType(call: Call, { sid }: SimHaResource): boolean {
  const type = textOf(call, 'type')
  return type === undefined || sid.startsWith(`${type}:`)
}

function resourceOf(call: Call): SimHaResource {
  const sid = sidOf(call.world, String(call.params['sid']))
  const resource = call.world.ha.resources.get(sid)
  if (resource === undefined) throw dies(`no such resource '${sid}'`)
  return resource
}

function resourceRow(resource: SimHaResource): Record<string, unknown> {
  const { sid, state, group, comment, settings } = resource
  return {
    sid,
    type: sid.split(':')[0],
    state,
    ...(group === undefined ? {} : { group }),
    ...(comment === '' ? {} : { comment }),
    ...settings,
    digest: digestOf(JSON.stringify([sid, state, group, comment, settings])),
  }
}

function addResource(call: Call): null {
  const { world } = call
  needQuorum(world)
  const sid = sidOf(world, String(call.params['sid']))
  const guest = world.guests.get(Number(sid.split(':')[1]))
  const type = guest?.type === 'lxc' ? 'ct' : 'vm'
  if (guest === undefined || !sid.startsWith(`${type}:`)) {
    throw dies(`cannot add resource '${sid}': no such guest`)
  }
  if (world.ha.resources.has(sid)) throw dies(`resource ID '${sid}' already defined`)
  const resource: SimHaResource = {
    sid,
    state: 'started',
    group: undefined,
    comment: '',
    settings: {},
  }
  world.ha.resources.set(sid, resource)
  return setResource(call, resource)
}

function changeResource(call: Call): null {
  needQuorum(call.world)
  const resource = resourceOf(call)
  for (const name of listOf(call, 'delete')) {
    if (name === 'group') resource.group = undefined
    else if (name === 'comment') resource.comment = ''
    else delete resource.settings?.[name]
  }
  return setResource(call, resource)
}

function setResource(call: Call, resource: SimHaResource): null {
  const state = textOf(call, 'state')
  const group = textOf(call, 'group')
  if (group !== undefined && isNewer(call.world))
    throw refused('group', 'HA groups have been migrated to rules')
  if (group !== undefined && !call.world.ha.rules.has(group))
    throw dies(`group '${group}' does not exist`)
  if (state !== undefined)
    resource.state = state === 'enabled' ? 'started' : (state as SimHaResource['state'])
  if (group !== undefined) resource.group = group
  resource.comment = textOf(call, 'comment') ?? resource.comment
  for (const name of ['max_restart', 'max_relocate', 'failback', 'auto-rebalance']) {
    const value = call.params[name]
    if (value !== undefined) resource.settings = { ...resource.settings, [name]: Number(value) }
  }
  return null
}

function rows(world: World): Record<string, unknown>[] {
  return [...world.ha.rules.values()]
}

function matches(call: Call, row: Record<string, unknown>): boolean {
  const type = textOf(call, 'type')
  const resource = textOf(call, 'resource')
  if (type !== undefined && row['type'] !== type) return false
  return (
    resource === undefined ||
    String(row['resources']).split(',').includes(sidOf(call.world, resource))
  )
}

function rule(call: Call, kind: 'group' | 'rule'): Record<string, unknown> {
  const found = call.world.ha.rules.get(String(call.params[kind]))
  if (found === undefined) throw dies(`no such ha ${kind} '${String(call.params[kind])}'`)
  return found
}

function addRule(call: Call, kind: 'group' | 'rule'): null {
  needQuorum(call.world)
  const id = String(call.params[kind])
  if (call.world.ha.rules.has(id)) throw dies(`${kind} ID '${id}' already defined`)
  call.world.ha.rules.set(id, {
    type: kind === 'group' ? 'group' : '',
    ...settingsOf(call),
    digest: digestOf(id),
  })
  return null
}

function changeRule(call: Call, kind: 'group' | 'rule'): null {
  needQuorum(call.world)
  const found = rule(call, kind)
  for (const name of listOf(call, 'delete')) delete found[name]
  const { delete: _, digest: _digest, ...changes } = settingsOf(call)
  Object.assign(found, changes)
  return null
}

function removeRule(call: Call, kind: 'group' | 'rule'): null {
  needQuorum(call.world)
  rule(call, kind)
  call.world.ha.rules.delete(String(call.params[kind]))
  return null
}

function settingsOf(call: Call): Settings {
  const settings: Settings = {}
  for (const [name, value] of Object.entries(call.params)) {
    settings[name] =
      typeof value === 'boolean'
        ? Number(value)
        : Array.isArray(value)
          ? value.join(',')
          : String(value)
  }
  return settings
}

function haStatus({ world }: Call): unknown[] {
  const online = [...world.nodes.values()].filter((node) => node.state === 'online')
  const master = online[0]?.name ?? ''
  const isOk = isQuorate(world)
  const timestamp = Math.floor(world.now() / 1000)
  const services = [...world.ha.resources.values()].map((resource) => serviceRow(world, resource))
  const quorum = {
    id: 'quorum',
    type: 'quorum',
    node: master,
    status: isOk ? 'OK' : 'No quorum on this node',
    quorate: isOk ? 1 : 0,
  }
  if (services.length === 0) return [quorum]
  return [
    quorum,
    {
      id: 'master',
      type: 'master',
      node: master,
      status: `${master} (active, ${new Date(world.now()).toUTCString()})`,
      timestamp,
    },
    ...online.map(({ name }) => ({
      id: `lrm:${name}`,
      type: 'lrm',
      node: name,
      status: `${name} (active)`,
      timestamp,
    })),
    ...services,
  ]
}

function serviceRow(
  world: World,
  { sid, state, settings }: SimHaResource,
): Record<string, unknown> {
  const guest = world.guests.get(Number(sid.split(':')[1]))
  const node = guest?.node ?? ''
  const now = guest?.status === 'running' ? 'started' : 'stopped'
  return {
    id: `service:${sid}`,
    type: 'service',
    sid,
    node,
    status: `${sid} (${node}, ${now})`,
    state: now,
    request_state: state,
    crm_state: now,
    max_restart: Number(settings?.['max_restart'] ?? 1),
    max_relocate: Number(settings?.['max_relocate'] ?? 1),
  }
}

function managerStatus({ world }: Call): Record<string, unknown> {
  const nodes = [...world.nodes.values()]
  const states = nodes.map(({ name, state }) => [name, state === 'online' ? 'online' : 'unknown'])
  const services = [...world.ha.resources.values()].map((resource) => {
    const { node, state } = serviceRow(world, resource)
    return [resource.sid, { node, state, uid: digestOf(resource.sid).slice(0, 22) }]
  })
  const master = nodes.find(({ state }) => state === 'online')?.name
  return {
    lrm_status: {},
    manager_status: {
      master_node: master,
      node_status: Object.fromEntries(states) as unknown,
      service_status: Object.fromEntries(services) as unknown,
      timestamp: Math.floor(world.now() / 1000),
    },
    quorum: { node: master, quorate: isQuorate(world) ? '1' : '0' },
  }
}

function refuseGroups(): never {
  throw dies('cannot use ha groups: ha groups have been migrated to rules')
}

function refused(name: string, text: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { [name]: text })
}
