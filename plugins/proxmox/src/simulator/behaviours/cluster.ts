// SPDX-License-Identifier: GPL-3.0-or-later
/** The cluster as a whole: its nodes and quorum, its options, its log. */
import { type Behaviours, type Call, PveError } from '../contract.ts'
import { listOf, numberOf } from '../guests/params.ts'
import { parseProperties } from '../guests/property-string.ts'
import { isQuorate, needQuorum } from '../quorum.ts'
import { RELEASES } from '../releases.ts'
import { clusterResources } from './cluster-resources.ts'

const SUBDIRS = [
  'acme', 'backup', 'backup-info', 'ceph', 'config', 'firewall', 'ha', 'jobs', 'log', 'mapping', 'metrics', 'nextid',
  'notifications', 'options', 'replication', 'resources', 'sdn', 'status', 'tasks',
] // oxfmt-ignore
/** Options that are kept as text and shown taken apart. */
const PROPERTY_STRINGS = new Set([
  'crs',
  'migration',
  'ha',
  'next-id',
  'notify',
  'tag-style',
  'replication',
])
const FIRST_VMID = 100

/** The cluster. */
export const clusterBehaviours: Behaviours = {
  'GET /cluster': () => SUBDIRS.map((name) => ({ name })),
  'GET /version': ({ world }) => {
    const { release, version, repoid } = RELEASES[world.version]
    return { release, version, repoid }
  },
  'GET /cluster/status': clusterStatus,
  'GET /cluster/resources': clusterResources,
  'GET /cluster/nextid': nextId,
  'GET /cluster/options': showOptions,
  'PUT /cluster/options': changeOptions,
  'GET /cluster/log': clusterLog,
  'GET /cluster/config': () =>
    ['apiversion', 'join', 'nodes', 'qdevice', 'totem'].map((name) => ({ name })),
  'GET /cluster/config/nodes': ({ world }) =>
    [...world.nodes.values()].map(({ name, id, ip }) => ({
      name,
      node: name,
      nodeid: String(id),
      quorum_votes: '1',
      ring0_addr: ip,
    })),
  'GET /cluster/metrics': () => [{ name: 'server' }],
  'GET /cluster/metrics/server': () => [],
  'GET /cluster/replication': () => [],
  'GET /cluster/firewall': () =>
    ['aliases', 'groups', 'ipset', 'options', 'rules'].map((name) => ({ name })),
  'GET /cluster/firewall/options': () => ({ enable: 0, policy_in: 'DROP', policy_out: 'ACCEPT' }),
  'GET /cluster/firewall/rules': () => [],
}

function clusterStatus({ world }: Call): unknown[] {
  const nodes = [...world.nodes.values()]
  const entry = nodes.find((node) => node.state === 'online')?.name
  const rows = nodes.map(({ name, id, ip, state }) => ({
    type: 'node',
    id: `node/${name}`,
    name,
    nodeid: world.clusterName === '' ? 0 : id,
    ip,
    level: '',
    local: name === entry ? 1 : 0,
    online: state === 'online' ? 1 : 0,
  }))
  if (world.clusterName === '') return rows
  const cluster = {
    type: 'cluster',
    id: 'cluster',
    name: world.clusterName,
    nodes: nodes.length,
    quorate: isQuorate(world) ? 1 : 0,
    version: nodes.length,
  }
  return [cluster, ...rows]
}

/** The number is a text in the answer, as in recorded ones. */
function nextId(call: Call): string {
  const { world } = call
  const asked = numberOf(call, 'vmid')
  if (asked !== undefined) {
    if (!world.guests.has(asked)) return String(asked)
    throw new PveError(400, 'Parameter verification failed.', {
      vmid: `VM ${asked} already exists`,
    })
  }
  const range = parseProperties(String(world.options['next-id'] ?? ''))
  const lower = Number(range.get('lower') ?? FIRST_VMID)
  const upper = Number(range.get('upper') ?? 1_000_000)
  for (let vmid = lower; vmid < upper; vmid += 1) if (!world.guests.has(vmid)) return String(vmid)
  throw new PveError(500, `unable to get any free VMID in range [${lower}, ${upper}]`)
}

/** Without Sys.Audit only what every page needs is shown. */
function showOptions(call: Call): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  const mayAudit = call.may('/', 'Sys.Audit')
  for (const [name, value] of Object.entries(call.world.options)) {
    if (!mayAudit && !['console', 'tag-style', 'description', 'keyboard'].includes(name)) continue
    shown[name] = PROPERTY_STRINGS.has(name)
      ? Object.fromEntries(parseProperties(String(value)))
      : value
  }
  return { ...shown, 'allowed-tags': [] }
}

function changeOptions(call: Call): null {
  const { world, params } = call
  needQuorum(world)
  for (const name of listOf(call, 'delete')) delete world.options[name]
  for (const [name, value] of Object.entries(params)) {
    if (name === 'delete') continue
    world.options[name] =
      typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : String(value)
  }
  return null
}

/** What was done lately: here the tasks. */
function clusterLog(call: Call): unknown[] {
  const mayAll = call.may('/', 'Sys.Syslog')
  const max = numberOf(call, 'max') ?? 50
  const tasks = [...call.world.tasks.values()].filter((task) => mayAll || task.user === call.user)
  return tasks
    .slice(-max)
    .reverse()
    .map((task, index) => ({
      uid: tasks.length - index,
      id: `${task.pid}:${task.node}`,
      node: task.node,
      pid: task.pid,
      pri: task.exitStatus === undefined || task.exitStatus === 'OK' ? 6 : 3,
      tag: 'pvedaemon',
      time: Math.floor(task.startedAtMs / 1000),
      user: task.user,
      msg:
        task.exitStatus === undefined
          ? `starting task ${task.upid}`
          : `end task ${task.upid} ${task.exitStatus}`,
    }))
}
