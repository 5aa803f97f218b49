// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes: what they are, how they are doing, and their own settings. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { listOf, textOf } from '../guests/params.ts'
import { isNewer } from '../guests/version.ts'
import { needQuorum, nodeOf } from '../quorum.ts'
import { RELEASES } from '../releases.ts'
import { timesOf, waveAt } from '../rrd.ts'
import { usageOfNode } from '../usage.ts'
import type { SimNode } from '../world.ts'
import { nodeRows } from './cluster-resources.ts'

const SUBDIRS = [
  'aplinfo', 'apt', 'capabilities', 'ceph', 'certificates', 'config', 'disks', 'dns', 'firewall', 'hardware', 'hosts',
  'lxc', 'migrateall', 'netstat', 'network', 'qemu', 'query-url-metadata', 'replication', 'report', 'rrd', 'rrddata',
  'scan', 'sdn', 'services', 'spiceshell', 'startall', 'status', 'stopall', 'storage', 'subscription', 'suspendall',
  'syslog', 'tasks', 'termproxy', 'time', 'version', 'vncshell', 'vzdump', 'wakeonlan',
] // oxfmt-ignore
const SWAP_BYTES = 8 * 2 ** 30

/** Nodes. */
export const nodeBehaviours: Behaviours = {
  'GET /nodes': nodeRows,
  'GET /nodes/{node}': () => SUBDIRS.map((name) => ({ name })),
  'GET /nodes/{node}/status': nodeStatus,
  'GET /nodes/{node}/version': ({ world }) => {
    const { release, version, repoid } = RELEASES[world.version]
    return { release, version, repoid }
  },
  'GET /nodes/{node}/rrddata': nodeCourse,
  'GET /nodes/{node}/report': (call) =>
    `${called(call).name}\npveversion: ${pveVersion(call)}\n\n==== general system info ====\n`,
  'GET /nodes/{node}/config': nodeConfig,
  'PUT /nodes/{node}/config': changeConfig,
  'GET /nodes/{node}/time': (call) => {
    const time = Math.floor(call.world.now() / 1000)
    return { time, localtime: time, timezone: called(call).files['timezone'] }
  },
  'PUT /nodes/{node}/time': (call) => keepFiles(call, ['timezone']),
  'GET /nodes/{node}/dns': (call) => {
    const { search, dns1, dns2, dns3 } = called(call).files
    return { search, dns1, dns2, dns3 }
  },
  'PUT /nodes/{node}/dns': (call) => {
    for (const name of ['dns1', 'dns2', 'dns3']) delete called(call).files[name]
    return keepFiles(call, ['search', 'dns1', 'dns2', 'dns3'])
  },
  'GET /nodes/{node}/hosts': (call) => {
    const data = called(call).files['hosts'] ?? ''
    return { data, digest: digestOf(data) }
  },
  'POST /nodes/{node}/hosts': (call) => {
    called(call).files['hosts'] = textOf(call, 'data') ?? ''
    return null
  },
}

/** The node a call is about. */
function called(call: Call): SimNode {
  return nodeOf(call.world, String(call.params['node']))
}

function pveVersion({ world }: Call): string {
  const { version, repoid } = RELEASES[world.version]
  return `pve-manager/${version}/${repoid}`
}

function nodeStatus(call: Call): Record<string, unknown> {
  const { world } = call
  const node = called(call)
  const { kernel, kernelBuild } = RELEASES[world.version]
  const { cpu, mem, uptime } = usageOfNode(world, node)
  const used = Math.round(mem)
  const free = node.memoryBytes - used
  const rootFree = node.rootBytes - node.rootUsedBytes
  const load = (cpu * node.cpuCount).toFixed(2)
  return {
    'boot-info': { mode: 'efi', secureboot: 0 },
    cpu,
    cpuinfo: {
      cores: Math.ceil(node.cpuCount / 2),
      cpus: node.cpuCount,
      sockets: 1,
      model: node.cpuModel,
      mhz: '2400.000',
      hvm: '1',
      user_hz: 100,
      flags: 'fpu vme de pse tsc msr pae mce cx8 vmx svm',
    },
    'current-kernel': {
      machine: 'x86_64',
      release: kernel,
      sysname: 'Linux',
      version: kernelBuild,
    },
    idle: 0,
    ksm: { shared: 0 },
    kversion: `Linux ${kernel} ${kernelBuild}`,
    loadavg: [load, load, load],
    memory: { total: node.memoryBytes, used, free, ...(isNewer(world) ? { available: free } : {}) },
    pveversion: pveVersion(call),
    rootfs: { total: node.rootBytes, used: node.rootUsedBytes, avail: rootFree, free: rootFree },
    swap: { total: SWAP_BYTES, used: 0, free: SWAP_BYTES },
    uptime,
    wait: 0,
  }
}

/** The present values along a slow wave; none from before the node was up. Source of the fields: recorded answers. */
function nodeCourse(call: Call): Record<string, unknown>[] {
  const { world } = call
  const node = called(call)
  const { cpu, mem } = usageOfNode(world, node)
  const pressure = isNewer(world) ? pressureOf(cpu) : {}
  return timesOf(world, textOf(call, 'timeframe') ?? 'hour').map((time) => {
    const isKnown = node.state === 'online' && time * 1000 >= node.bootedAtMs
    if (!isKnown) return { time }
    const factor = waveAt(time, node.id)
    const memused = Math.min(node.memoryBytes, mem)
    return {
      time,
      cpu: Math.min(1, cpu * factor),
      iowait: 0.002 * factor,
      loadavg: cpu * node.cpuCount * factor,
      maxcpu: node.cpuCount,
      memtotal: node.memoryBytes,
      memused,
      netin: 40_000 * factor,
      netout: 25_000 * factor,
      roottotal: node.rootBytes,
      rootused: node.rootUsedBytes,
      swaptotal: SWAP_BYTES,
      swapused: 0,
      ...(isNewer(world) ? { arcsize: 0, memavailable: node.memoryBytes - memused } : {}),
      ...pressure,
    }
  })
}

/** How long work waits, in percent: little until the processors are nearly all busy. */
function pressureOf(cpu: number): Record<string, number> {
  return {
    pressurecpusome: cpu < 0.7 ? cpu * 2 : cpu * 40,
    pressureiosome: 0.01,
    pressureiofull: 0,
    pressurememorysome: 0,
    pressurememoryfull: 0,
  }
}

function nodeConfig(call: Call): Record<string, unknown> {
  const { config } = called(call)
  const property = textOf(call, 'property') ?? 'all'
  const digest = digestOf(JSON.stringify(config))
  if (property === 'all') return { ...config, digest }
  return property in config ? { [property]: config[property], digest } : { digest }
}

function changeConfig(call: Call): null {
  const { config } = called(call)
  needQuorum(call.world)
  const digest = textOf(call, 'digest')
  if (digest !== undefined && digest !== digestOf(JSON.stringify(config))) {
    throw dies('detected modified configuration - file changed by other user? Try again.')
  }
  for (const name of listOf(call, 'delete')) delete config[name]
  for (const [name, value] of Object.entries(call.params)) {
    if (['node', 'delete', 'digest'].includes(name)) continue
    config[name] = typeof value === 'number' ? value : String(value)
  }
  return null
}

function keepFiles(call: Call, names: readonly string[]): null {
  const { files } = called(call)
  for (const name of names) files[name] = textOf(call, name) ?? files[name] ?? ''
  for (const name of names) if (files[name] === '') delete files[name]
  return null
}
