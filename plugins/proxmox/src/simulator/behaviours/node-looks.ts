// SPDX-License-Identifier: GPL-3.0-or-later
/** What a node can do and sees around it, and its services set in motion. */
import type { Behaviours, Call } from '../contract.ts'
import { startTask } from '../tasks.ts'

const GIB = 2 ** 30
const FIREWALL = ['rules', 'options', 'log']
const SCANS = ['cifs', 'iscsi', 'lvm', 'lvmthin', 'nfs', 'pbs', 'zfs']

/** The rest of what nodes tell. */
export const nodeLookBehaviours: Behaviours = {
  'GET /nodes/{node}/capabilities': () => [{ name: 'qemu' }],
  'GET /nodes/{node}/capabilities/qemu': () => [{ name: 'cpu' }, { name: 'machines' }],
  'GET /nodes/{node}/capabilities/qemu/cpu': () =>
    ['host', 'x86-64-v2-AES', 'x86-64-v3', 'kvm64'].map((name) => ({
      name,
      vendor: 'default',
      custom: 0,
    })),
  'GET /nodes/{node}/capabilities/qemu/machines': () => [
    { id: 'pc-i440fx-9.2+pve1', type: 'i440fx', version: '9.2+pve1' },
    { id: 'pc-q35-9.2+pve1', type: 'q35', version: '9.2+pve1' },
  ],
  'GET /nodes/{node}/disks/directory': () => [],
  'GET /nodes/{node}/disks/lvm': () => ({
    leaf: 0,
    children: [{ name: 'pve', size: 930 * GIB, free: 16 * GIB, leaf: 0, children: [] }],
  }),
  'GET /nodes/{node}/disks/lvmthin': () => [
    {
      lv: 'data',
      vg: 'pve',
      lv_size: 800 * GIB,
      used: 120 * GIB,
      metadata_size: 8 * GIB,
      metadata_used: GIB,
    },
  ],
  'GET /nodes/{node}/firewall': () => FIREWALL.map((name) => ({ name })),
  'GET /nodes/{node}/firewall/options': () => ({ enable: 1 }),
  'GET /nodes/{node}/firewall/rules': () => [],
  'GET /nodes/{node}/journal': () => [],
  'GET /nodes/{node}/replication': () => [],
  'GET /nodes/{node}/scan': () => SCANS.map((method) => ({ method })),
  'GET /nodes/{node}/scan/lvm': () => [{ vg: 'pve' }],
  'GET /nodes/{node}/scan/nfs': (call) =>
    knownServers(call, 'nfs').map((path) => ({ path, options: '*' })),
  'GET /nodes/{node}/scan/zfs': () => [{ pool: 'rpool' }],
  'POST /nodes/{node}/services/{service}/start': (call) => setInMotion(call, 'start'),
  'POST /nodes/{node}/services/{service}/stop': (call) => setInMotion(call, 'stop'),
  'POST /nodes/{node}/services/{service}/restart': (call) => setInMotion(call, 'restart'),
  'POST /nodes/{node}/services/{service}/reload': (call) => setInMotion(call, 'reload'),
}

/** What a server exports: of those that a storage is on, its export. */
function knownServers({ world, params }: Call, type: string): string[] {
  const storages = [...world.storages.values()].filter(
    (storage) => storage.type === type && storage.options['server'] === params['server'],
  )
  return storages.map((storage) => String(storage.options['export']))
}

/** The services themselves go on: the cluster needs them. */
function setInMotion(call: Call, verb: string): string {
  const service = String(call.params['service'])
  return startTask(call.world, {
    node: String(call.params['node']),
    type: `srv${verb}`,
    id: service,
    user: call.user,
    steps: [{ seconds: 1, log: `${verb} of ${service}` }],
  })
}
