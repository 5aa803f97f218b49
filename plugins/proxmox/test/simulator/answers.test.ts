// SPDX-License-Identifier: GPL-3.0-or-later
/** Everything that the simulator can tell is told, and has the shape that the schema of its version asks for. */
import { beforeAll, describe, expect, it } from '@jest/globals'
import { behaviours } from '../../src/simulator/behaviours/index.ts'
import { operationsOf } from '../../src/simulator/schema/index.ts'
import { PVE_VERSIONS, type World } from '../../src/simulator/world.ts'
import { openWire, type Fields, type Wire } from '../support/wire.ts'

/** Parameters that a look cannot do without. */
const NEEDED: Readonly<Record<string, Fields>> = {
  'GET /nodes/{node}/apt/changelog': { name: 'pve-manager' },
  'GET /nodes/{node}/disks/smart': { disk: '/dev/nvme0n1' },
  'GET /nodes/{node}/lxc/{vmid}/feature': { feature: 'snapshot' },
  'GET /nodes/{node}/lxc/{vmid}/rrd': { timeframe: 'hour', ds: 'cpu' },
  'GET /nodes/{node}/qemu/{vmid}/rrd': { timeframe: 'hour', ds: 'cpu' },
  'GET /nodes/{node}/lxc/{vmid}/rrddata': { timeframe: 'hour' },
  'GET /nodes/{node}/qemu/{vmid}/agent/file-read': { file: '/etc/hostname' },
  'GET /nodes/{node}/qemu/{vmid}/cloudinit/dump': { type: 'user' },
  'GET /nodes/{node}/qemu/{vmid}/feature': { feature: 'snapshot' },
  'GET /nodes/{node}/qemu/{vmid}/rrddata': { timeframe: 'hour' },
  'GET /nodes/{node}/rrddata': { timeframe: 'day' },
  'GET /nodes/{node}/scan/nfs': { server: '192.0.2.10' },
  'GET /nodes/{node}/storage/{storage}/rrddata': { timeframe: 'hour' },
}

/** What the versions that have rules in place of groups refuse. */
const GROUPS = /^GET \/cluster\/ha\/groups/

/** Values of the parameters in paths: every value is asked for. */
function valuesOf(world: World): Record<string, string[]> {
  const guests = [...world.guests.values()]
  return {
    node: [...world.nodes.keys()],
    storage: [...world.storages.keys()],
    upid: [...world.tasks.keys()],
    poolid: [...world.pools.keys()],
    userid: [...world.access.users.keys()],
    roleid: [...world.access.roles.keys()],
    groupid: [...world.access.groups.keys()],
    realm: ['pam', 'pve'],
    sid: [...world.ha.resources.keys()],
    rule: [...world.ha.rules.keys()],
    id: [...world.jobs.keys()],
    group: ['both'],
    snapname: [...new Set(guests.flatMap(({ snapshots }) => snapshots.map(({ name }) => name)))],
    service: ['pveproxy', 'sshd'],
    iface: ['vmbr0'],
    pos: ['0'],
  }
}

/** The paths of an operation that exist in this cluster. */
function pathsOf(path: string, world: World): string[] {
  const guestType = /^\/nodes\/\{node\}\/(qemu|lxc)\/\{vmid\}/.exec(path)?.[1]
  if (guestType !== undefined) {
    const guests = [...world.guests.values()].filter(({ type }) => type === guestType)
    return guests.flatMap(({ node, vmid, snapshots }) => {
      const own = path.replace('{node}', node).replace('{vmid}', String(vmid)).replace('{pos}', '0')
      if (!own.includes('{snapname}')) return [own]
      return snapshots.map(({ name }) => own.replace('{snapname}', name))
    })
  }
  if (path.includes('{upid}')) {
    const tasks = [...world.tasks.values()]
    return tasks.map(({ node, upid }) => path.replace('{node}', node).replace('{upid}', upid))
  }
  if (path.includes('{volume}')) {
    return [...world.storages.values()].flatMap(({ id, volumes }) =>
      [...volumes.values()].map(({ volid, node = 'pve1' }) =>
        path.replace('{node}', node).replace('{storage}', id).replace('{volume}', volid),
      ),
    )
  }
  if (path.includes('{tokenid}')) {
    return [...world.access.users.values()].flatMap(({ id, tokens }) =>
      [...tokens.keys()].map((token) => path.replace('{userid}', id).replace('{tokenid}', token)),
    )
  }
  const values = valuesOf(world)
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!)
  return names.reduce(
    (paths, name) =>
      paths.flatMap((each) =>
        (values[name] ?? []).map((value) => each.replace(`{${name}}`, encodeURIComponent(value))),
      ),
    [path],
  )
}

describe.each(PVE_VERSIONS)('a cluster of %s', (version) => {
  let wire: Wire
  let found: Found
  const looks = [...operationsOf(version).all.values()].filter(
    ({ method, name }) => method === 'GET' && Object.hasOwn(behaviours, name),
  )

  beforeAll(() => {
    wire = openWire(version)
    found = prepare(wire)
  })

  it.each(looks.map(({ name, path }) => [name, path]))('tells %s', (name, path) => {
    const { simulator, ask, watch, faults } = wire
    const before = new Set([...faults, ...watch.faults])
    const statuses = pathsOf(path, simulator.world).map((each) => {
      const fields = { ...NEEDED[name], ...found[name] }
      const { status, reason, errors } = ask('GET', each, fields)
      return status === 200 ? 200 : `${each}: ${status} ${reason} ${JSON.stringify(errors ?? {})}`
    })
    if (version !== '8.4' && GROUPS.test(name)) {
      expect(statuses.join()).toContain('ha groups have been migrated to rules')
    } else expect(statuses).toContain(200)
    expect([...faults, ...watch.faults].filter((fault) => !before.has(fault))).toEqual([])
  })
})

/** Parameters by operation. */
type Found = Readonly<Record<string, Fields>>

function backupsOf(world: World): string[] {
  const volumes = [...world.storages.values()].flatMap((storage) => [...storage.volumes.values()])
  return volumes.flatMap(({ content, volid, node }) =>
    content === 'backup' && (node ?? 'pve1') === 'pve1' ? [volid] : [],
  )
}

/** Makes that there is at least one of everything; returns the parameters that lead to it. */
function prepare({ simulator, ask, run }: Wire): Found {
  const tell = (method: string, path: string, fields: Fields): void => {
    const { status, reason, errors } = ask(method, path, fields)
    if (status !== 200) throw new Error(`${path}: ${reason} ${JSON.stringify(errors)}`)
  }
  tell('POST', '/access/groups', { groupid: 'staff', comment: 'people' })
  tell('POST', '/access/users', { userid: 'ada@pve', password: 'secret-1', groups: 'staff' })
  tell('POST', '/access/users/ada@pve/token/lab', { comment: 'one' })
  tell('PUT', '/access/acl', { path: '/vms', roles: 'PVEVMUser', groups: 'staff' })
  tell('POST', '/pools', { poolid: 'lab' })
  tell('POST', '/cluster/ha/resources', { sid: 'vm:100' })
  if (simulator.world.version === '8.4') {
    tell('POST', '/cluster/ha/groups', { group: 'both', nodes: 'pve1,pve2' })
  } else {
    const rule = { rule: 'stays', type: 'node-affinity', resources: 'vm:100', nodes: 'pve1' }
    tell('POST', '/cluster/ha/rules', rule)
  }
  tell('POST', '/cluster/backup', { schedule: 'daily', storage: 'local', all: 1 })
  for (const scope of ['/nodes/pve1/qemu/100', '/nodes/pve2/lxc/101']) {
    tell('POST', `${scope}/firewall/rules`, { type: 'in', action: 'ACCEPT', enable: 1 })
  }
  const ends = [
    run('POST', `${steadyContainer(simulator.world, ask)}/snapshot`, { snapname: 'before' }),
    run('POST', '/nodes/pve1/vzdump', { vmid: '100', storage: 'local', mode: 'snapshot' }),
  ]
  expect(ends).toEqual(['OK', 'OK'])
  const { data } = ask('POST', '/nodes/pve1/qemu/100/agent/exec', { command: ['true'] })
  const { pid } = data as { pid: number }
  const [volume = ''] = backupsOf(simulator.world)
  return {
    'GET /nodes/{node}/qemu/{vmid}/agent/exec-status': { pid },
    'GET /nodes/{node}/vzdump/extractconfig': { volume },
  }
}

/** The path of a container of which snapshots can be made. */
function steadyContainer({ guests }: World, ask: Wire['ask']): string {
  const containers = [...guests.values()].filter(({ type }) => type === 'lxc')
  const paths = containers.map(({ node, vmid }) => `/nodes/${node}/lxc/${vmid}`)
  const found = paths.find((path) => {
    const { data } = ask('GET', `${path}/feature`, { feature: 'snapshot' })
    return Number((data as { hasFeature: unknown }).hasFeature) === 1
  })
  if (found === undefined) throw new Error('no container can have snapshots')
  return found
}
