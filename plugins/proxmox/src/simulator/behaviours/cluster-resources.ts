// SPDX-License-Identifier: GPL-3.0-or-later
/** What there is in the cluster, as far as the caller may see it. */
import type { Call } from '../contract.ts'
import { serviceOf } from '../guests/guest.ts'
import { textOf } from '../guests/params.ts'
import { labelsOf, listEntry } from '../guests/status.ts'
import { usageOfNodes } from '../usage.ts'
import { isActive, isConfiguredOn, spaceFrom, usedByNode } from '../volumes.ts'
import type { SimGuest, SimNode, World } from '../world.ts'

type Row = Record<string, unknown>

/** The rows of `GET /cluster/resources`. */
export function clusterResources(call: Call): Row[] {
  const type = textOf(call, 'type')
  const isAsked = (name: string) => type === undefined || type === name
  return [
    ...(type === undefined ? pools(call) : []),
    ...(isAsked('vm') ? guests(call) : []),
    ...(isAsked('node') ? nodes(call) : []),
    ...(isAsked('storage') ? storages(call) : []),
    ...(isAsked('sdn') ? zones(call) : []),
  ]
}

/** The rows of `GET /nodes`; who may not audit a node sees only that it is there. */
export function nodeRows(call: Call): Row[] {
  const { world } = call
  const usages = usageOfNodes(world)
  return [...world.nodes.values()].map((node) => {
    const isOnline = node.state === 'online'
    const row = {
      type: 'node',
      id: `node/${node.name}`,
      node: node.name,
      status: isOnline ? 'online' : 'offline',
      ssl_fingerprint: fingerprintOf(node),
    }
    if (!isOnline || !call.may(`/nodes/${node.name}`, 'Sys.Audit')) return row
    const { cpu, mem, uptime } = usages.get(node.name) ?? { cpu: 0, mem: 0, uptime: 0 }
    return {
      ...row,
      level: '',
      cpu,
      maxcpu: node.cpuCount,
      mem: Math.round(mem),
      maxmem: node.memoryBytes,
      disk: node.rootUsedBytes,
      maxdisk: node.rootBytes,
      uptime,
    }
  })
}

/** The fingerprint of a node's certificate: made up from its number. */
export function fingerprintOf(node: SimNode): string {
  const parts = Array.from({ length: 32 }, (_, index) => (node.id * 37 + index * 91) % 256)
  return parts.map((part) => part.toString(16).toUpperCase().padStart(2, '0')).join(':')
}

function nodes(call: Call): Row[] {
  return nodeRows(call).map((row) => {
    const { ssl_fingerprint: _, ...rest } = row
    return 'cpu' in rest ? { ...rest, 'cgroup-mode': 2 } : rest
  })
}

function pools(call: Call): Row[] {
  return [...call.world.pools.values()]
    .filter((pool) => call.may(`/pool/${pool.id}`, 'Pool.Audit', 'Pool.Allocate'))
    .map((pool) => ({ type: 'pool', id: `/pool/${pool.id}`, pool: pool.id }))
}

function guests(call: Call): Row[] {
  return [...call.world.guests.values()]
    .filter((guest) => call.may(`/vms/${guest.vmid}`, 'VM.Audit'))
    .map((guest) => guestRow(call.world, guest))
}

function guestRow(world: World, guest: SimGuest): Row {
  const isKnown = world.nodes.get(guest.node)?.state === 'online'
  const { name, tags } = labelsOf(guest)
  const resource = world.ha.resources.get(serviceOf(guest))
  return {
    id: `${guest.type}/${guest.vmid}`,
    type: guest.type,
    vmid: guest.vmid,
    node: guest.node,
    template: guest.isTemplate ? 1 : 0,
    ...(tags === undefined ? {} : { tags }),
    ...(guest.pool === undefined ? {} : { pool: guest.pool }),
    ...(guest.lock === undefined ? {} : { lock: guest.lock }),
    ...(resource === undefined ? {} : { hastate: resource.state }),
    ...(isKnown
      ? { name, status: guest.status, ...measures(world, guest) }
      : { status: 'unknown' }),
  }
}

function measures(world: World, guest: SimGuest): Row {
  const { cpus, cpu, mem, maxmem, disk, maxdisk, uptime, ...rest } = listEntry(world, guest)
  const { netin, netout, diskread, diskwrite, memhost } = rest
  const traffic = { netin, netout, diskread, diskwrite }
  const all = { cpu, maxcpu: cpus, mem, maxmem, disk, maxdisk, uptime, ...traffic }
  return memhost === undefined ? all : { ...all, memhost }
}

function storages(call: Call): Row[] {
  const { world } = call
  return [...world.storages.values()]
    .filter(({ id }) => call.may(`/storage/${id}`, 'Datastore.Audit', 'Datastore.AllocateSpace'))
    .flatMap((storage) => {
      const used = usedByNode(storage)
      return [...world.nodes.values()]
        .filter((node) => isConfiguredOn(storage, node.name))
        .map((node) => {
          const isAvailable = node.state === 'online' && isActive(storage, node.name)
          const space = spaceFrom(storage, used, node.name)
          return {
            type: 'storage',
            id: `storage/${node.name}/${storage.id}`,
            node: node.name,
            storage: storage.id,
            plugintype: storage.type,
            content: storage.content.join(','),
            shared: storage.isShared ? 1 : 0,
            status: isAvailable ? 'available' : 'unknown',
            ...(isAvailable ? { disk: space.used, maxdisk: space.total } : {}),
          }
        })
    })
}

/** The zone that every node has. */
function zones(call: Call): Row[] {
  if (!call.may('/sdn/zones/localnetwork', 'SDN.Audit', 'SDN.Use', 'SDN.Allocate')) return []
  return [...call.world.nodes.values()].map(({ name, state }) => {
    const status = state === 'online' ? 'ok' : 'unknown'
    return { type: 'sdn', id: `sdn/${name}/localnetwork`, node: name, sdn: 'localnetwork', status }
  })
}
