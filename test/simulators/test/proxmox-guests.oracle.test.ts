// SPDX-License-Identifier: Apache-2.0
/** What simulated guests answer, in every version, is what the vendor's schema of that version allows. */
import { describe, expect, it } from '@jest/globals'
import { grantToken, openProxmoxSimulator } from '@sallyport/plugin-proxmox/testing'
import type { PveVersion } from '@sallyport/plugin-proxmox/testing'
import { describeOracle, oracle } from '../../support/oracle.ts'
import { watchSchema } from '../schema-watch.ts'

const ALL = [
  ...[
    'VM.Allocate',
    'VM.Audit',
    'VM.Clone',
    'VM.Migrate',
    'VM.PowerMgmt',
    'VM.Snapshot',
    'VM.Console',
    'VM.Backup',
  ],
  ...['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
    (name) => `VM.Config.${name}`,
  ),
  ...[
    'VM.Monitor',
    'VM.GuestAgent.Audit',
    'VM.GuestAgent.Unrestricted',
    'VM.GuestAgent.FileSystemMgmt',
  ],
  ...['Datastore.AllocateSpace', 'Datastore.Audit', 'SDN.Use', 'Sys.Audit', 'Pool.Allocate'],
]

interface Answer {
  readonly status: number
  readonly reason: string
  readonly data: unknown
}

/** A cluster whose time passes by a minute with every request, so that no task is ever under way. */
function openWatched(version: PveVersion) {
  let nowMs = Date.UTC(2026, 5, 1, 12)
  const simulator = openProxmoxSimulator({
    version,
    nodes: 3,
    guests: 10,
    seed: 7,
    clock: () => nowMs,
  })
  const secret = grantToken(simulator.world, { token: 'tester@pve!all', privileges: ALL })
  const watch = watchSchema(simulator, version)
  const ask = (method: string, path: string, params: Record<string, string> = {}): Answer => {
    nowMs += 60_000
    const form = new URLSearchParams(params).toString()
    const isInQuery = method === 'GET' || method === 'DELETE'
    const answer = simulator.handle({
      method,
      target: `/api2/json${path}${isInQuery && form !== '' ? `?${form}` : ''}`,
      headers: {
        authorization: `PVEAPIToken=tester@pve!all=${secret}`,
        ...(isInQuery ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: new TextEncoder().encode(isInQuery ? '' : form),
    })
    if (!('status' in answer)) throw new Error(`the connection went wrong: ${answer.ends}`)
    const text = new TextDecoder().decode(answer.body)
    const data = answer.status === 200 ? (JSON.parse(text) as { data: unknown }).data : undefined
    return { status: answer.status, reason: answer.reason, data }
  }
  return { ask, watch, world: simulator.world }
}

const LOOKS = [
  '',
  '/status',
  '/status/current',
  '/config',
  '/pending',
  '/snapshot',
  '/firewall',
  '/firewall/options',
  '/firewall/rules',
  '/firewall/aliases',
  '/firewall/ipset',
  '/firewall/refs',
  '/firewall/log',
]
const AGENT = [
  'get-fsinfo',
  'get-host-name',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
]

describeOracle('answers about guests', oracle('pve/pve-api-9.2.json'), () => {
  describe.each(['8.4', '9.1', '9.2'] as const)('in %s', (version) => {
    it('are as the schema has them for everything that only looks', () => {
      const { ask, watch, world } = openWatched(version)
      const targets = [...world.guests.values()].map(({ type, node, vmid }) => ({
        type,
        base: `/nodes/${node}/${type}/${vmid}`,
      }))
      const statuses = targets.flatMap(({ type, base }) => [
        ...LOOKS.map((path) => ask('GET', `${base}${path}`).status),
        ask('GET', `${base}/rrddata`, { timeframe: 'day' }).status,
        ...['snapshot', 'clone', 'copy'].map(
          (feature) => ask('GET', `${base}/feature`, { feature }).status,
        ),
        ...(type === 'qemu' || version !== '8.4' ? [ask('GET', `${base}/migrate`).status] : []),
      ])
      for (const node of ['pve1', 'pve2', 'pve3'])
        statuses.push(...['qemu', 'lxc'].map((type) => ask('GET', `/nodes/${node}/${type}`).status))
      statuses.push(...AGENT.map((name) => ask('GET', `/nodes/pve1/qemu/100/agent/${name}`).status))
      statuses.push(
        ...['user', 'network', 'meta'].map(
          (type) => ask('GET', '/nodes/pve1/qemu/9000/cloudinit/dump', { type }).status,
        ),
      )
      statuses.push(ask('GET', '/nodes/pve1/qemu/9000/cloudinit').status)
      statuses.push(ask('GET', '/nodes/pve2/lxc/101/interfaces').status)
      statuses.push(ask('GET', '/nodes/pve1/qemu/100/snapshot/installed').status)
      statuses.push(ask('GET', '/nodes/pve1/qemu/100/snapshot/installed/config').status)
      expect(new Set(statuses)).toEqual(new Set([200]))
      watch.expectNoFaults()
    })

    it('are as the schema has them for everything that changes, with every task ending well', () => {
      const { ask, watch, world } = openWatched(version)
      const vm = '/nodes/pve1/qemu/100'
      const ct = '/nodes/pve1/lxc/103'
      const asked: [string, string, Record<string, string>?][] = [
        ['POST', `${vm}/status/suspend`],
        ['POST', `${vm}/status/resume`],
        ['POST', `${vm}/status/reboot`, { timeout: '30' }],
        ['POST', `${vm}/status/reset`],
        [
          'PUT',
          `${vm}/config`,
          {
            cores: '2',
            memory: '2048',
            tags: 'b;a',
            description: 'x',
            onboot: '1',
            net1: 'virtio,bridge=vmbr0',
          },
        ],
        ['POST', `${vm}/config`, { delete: 'net1,description' }],
        ['PUT', `${vm}/config`, { revert: 'cores' }],
        ['POST', `${vm}/snapshot`, { snapname: 'one', vmstate: '1', description: 'first' }],
        ['PUT', `${vm}/snapshot/one/config`, { description: 'renamed' }],
        ['POST', `${vm}/snapshot/one/rollback`],
        ['DELETE', `${vm}/snapshot/one`, { force: '0' }],
        ['POST', `${vm}/agent/ping`],
        ['POST', `${vm}/agent/fsfreeze-status`],
        ['POST', `${vm}/agent/exec`, { command: 'true' }],
        ['PUT', `${vm}/firewall/options`, { enable: '1' }],
        [
          'POST',
          `${vm}/firewall/rules`,
          { type: 'in', action: 'ACCEPT', dport: '22', proto: 'tcp', enable: '1' },
        ],
        ['GET', `${vm}/firewall/rules`],
        ['GET', `${vm}/firewall/rules/0`],
        ['DELETE', `${vm}/firewall/rules/0`],
        ['GET', `${vm}/rrd`, { ds: 'cpu', timeframe: 'hour' }],
        ['POST', `${vm}/migrate`, { target: 'pve2', online: '1' }],
        ['POST', `/nodes/pve2/qemu/100/status/shutdown`, { timeout: '20', forceStop: '1' }],
        ['GET', `/nodes/pve2/qemu/100/status/current`],
        ['POST', `/nodes/pve2/qemu/100/move_disk`, { disk: 'scsi0', storage: 'local-lvm' }],
        ['PUT', `/nodes/pve1/qemu/102/unlink`, { idlist: 'net0' }],
        ['POST', `/nodes/pve1/qemu/102/status/stop`],
        ['PUT', `/nodes/pve1/qemu/102/resize`, { disk: 'scsi0', size: '+1G' }],
        ['POST', `/nodes/pve1/qemu/102/template`],
        [
          'POST',
          `/nodes/pve1/qemu/9000/clone`,
          { newid: '500', name: 'fresh', full: '1', storage: 'local-lvm' },
        ],
        ['PUT', `/nodes/pve1/qemu/500/cloudinit`],
        ['GET', `/nodes/pve1/qemu/500/config`],
        ['DELETE', `/nodes/pve1/qemu/500`, { purge: '1', 'destroy-unreferenced-disks': '1' }],
        ['POST', `${ct}/status/start`],
        [
          'PUT',
          `${ct}/config`,
          {
            memory: '1024',
            hostname: 'renamed',
            mp0: 'local-lvm:4,mp=/data',
            features: 'nesting=1',
          },
        ],
        ['GET', `${ct}/pending`],
        ['GET', `${ct}/interfaces`],
        ['POST', `${ct}/status/reboot`],
        ['POST', `${ct}/migrate`, { target: 'pve2', restart: '1' }],
        ['POST', `/nodes/pve2/lxc/103/status/shutdown`, { timeout: '20' }],
        ['PUT', `/nodes/pve2/lxc/103/resize`, { disk: 'mp0', size: '5G' }],
        [
          'POST',
          `/nodes/pve2/lxc/103/move_volume`,
          { volume: 'rootfs', storage: 'local-lvm', delete: '1' },
        ],
        ['POST', `/nodes/pve2/lxc/103/snapshot`, { snapname: 'one' }],
        ['GET', `/nodes/pve2/lxc/103/snapshot`],
        ['POST', `/nodes/pve2/lxc/103/snapshot/one/rollback`, { start: '1' }],
        ['DELETE', `/nodes/pve2/lxc/103/snapshot/one`],
        ['POST', `/nodes/pve2/lxc/103/status/stop`],
        ['POST', `/nodes/pve2/lxc/103/clone`, { newid: '501', hostname: 'copy' }],
        ['POST', `/nodes/pve2/lxc/501/template`],
        ['DELETE', `/nodes/pve2/lxc/103`, { purge: '1' }],
      ]
      const refused = asked.flatMap(([method, path, params]) => {
        const { status, reason } = ask(method, path, params)
        return status === 200 ? [] : [`${method} ${path}: ${status} ${reason}`]
      })
      expect(refused).toEqual([])
      ask('GET', '/nodes/pve1/qemu')
      const failed = [...world.tasks.values()].filter(({ exitStatus }) => exitStatus !== 'OK')
      expect(failed.map(({ type, id, exitStatus }) => `${type} ${id}: ${exitStatus}`)).toEqual([])
      watch.expectNoFaults()
    })
  })
})
