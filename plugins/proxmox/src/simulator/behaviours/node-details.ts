// SPDX-License-Identifier: GPL-3.0-or-later
/** What a node is made of and runs: network, disks, devices, services, certificates. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import { numberOf, textOf } from '../guests/params.ts'
import { nodeOf } from '../quorum.ts'
import type { SimNode, World } from '../world.ts'
import { fingerprintOf } from './cluster-resources.ts'

type Row = Record<string, unknown>

const GIB = 2 ** 30
const YEAR_SECONDS = 365 * 86_400
const SERVICES: Readonly<Record<string, string>> = {
  chrony: 'chrony, an NTP client/server',
  corosync: 'Corosync Cluster Engine',
  cron: 'Regular background program processing daemon',
  'pve-cluster': 'The Proxmox VE cluster filesystem',
  'pve-firewall': 'Proxmox VE firewall',
  'pve-ha-crm': 'PVE Cluster HA Resource Manager Daemon',
  'pve-ha-lrm': 'PVE Local HA Resource Manager Daemon',
  pvedaemon: 'PVE API Daemon',
  pveproxy: 'PVE API Proxy Server',
  pvescheduler: 'Proxmox VE scheduler',
  pvestatd: 'PVE Status Daemon',
  sshd: 'OpenBSD Secure Shell server',
}

/** Details of nodes. */
export const nodeDetailBehaviours: Behaviours = {
  'GET /nodes/{node}/network': (call) => {
    const type = textOf(call, 'type')
    return interfaces(called(call)).filter((row) => isOfType(row, type))
  },
  'GET /nodes/{node}/network/{iface}': (call) => {
    const found = interfaces(called(call)).find((row) => row['iface'] === call.params['iface'])
    if (found === undefined)
      throw new PveError(400, 'Parameter verification failed.', {
        iface: 'interface does not exist',
      })
    const { iface: _, ...rest } = found
    return rest
  },
  'GET /nodes/{node}/services': (call) =>
    Object.keys(SERVICES).map((name) => service(call.world, name)),
  'GET /nodes/{node}/services/{service}': () =>
    ['reload', 'restart', 'start', 'state', 'stop'].map((subdir) => ({ subdir })),
  'GET /nodes/{node}/services/{service}/state': (call) =>
    service(call.world, String(call.params['service'])),
  'GET /nodes/{node}/subscription': (call) => ({
    status: 'notfound',
    message: 'There is no subscription key',
    serverid: fingerprintOf(called(call)).replace(/:/g, '').slice(0, 32),
    url: 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing',
  }),
  'GET /nodes/{node}/certificates': () => ['acme', 'custom', 'info'].map((name) => ({ name })),
  'GET /nodes/{node}/certificates/info': (call) => [certificate(called(call))],
  'GET /nodes/{node}/disks': () =>
    ['directory', 'initgpt', 'list', 'lvm', 'lvmthin', 'smart', 'wipedisk', 'zfs'].map((name) => ({
      name,
    })),
  'GET /nodes/{node}/disks/list': (call) => disks(called(call)),
  'GET /nodes/{node}/disks/smart': (call) => smart(called(call), String(call.params['disk'])),
  'GET /nodes/{node}/disks/zfs': (call) =>
    called(call).id % 2 === 1
      ? [
          {
            name: 'rpool',
            size: 930 * GIB,
            alloc: 90 * GIB,
            free: 840 * GIB,
            frag: 3,
            dedup: 1,
            health: 'ONLINE',
          },
        ]
      : [],
  'GET /nodes/{node}/hardware': () => [{ type: 'pci' }, { type: 'usb' }],
  'GET /nodes/{node}/hardware/pci': () => [
    pci(
      '0000:00:02.0',
      '0x030000',
      ['0x8086', 'Intel Corporation'],
      ['0x4692', 'UHD Graphics 730'],
    ),
    pci(
      '0000:01:00.0',
      '0x010802',
      ['0x144d', 'Samsung Electronics Co Ltd'],
      ['0xa80a', 'NVMe SSD Controller PM9A1'],
    ),
  ],
  'GET /nodes/{node}/hardware/usb': () => [
    {
      busnum: 2, devnum: 3, class: 0, level: 1, port: 1, prodid: '1234', vendid: '0bda', speed: '5000', usbpath: '1',
      product: 'Portable drive',
    }, // oxfmt-ignore
  ],
  'GET /nodes/{node}/netstat': () => [],
  'GET /nodes/{node}/aplinfo': () => [
    {
      template: 'debian-13-standard_13.1-2_amd64.tar.zst',
      package: 'debian-13-standard',
      version: '13.1-2',
      os: 'debian-13',
      type: 'lxc',
      section: 'system',
      headline: 'Debian 13 Trixie (standard)',
      source: 'https://download.example/images/system',
    },
  ],
  'GET /nodes/{node}/syslog': (call) => syslog(call),
}

function called(call: Call): SimNode {
  return nodeOf(call.world, String(call.params['node']))
}

function interfaces({ ip }: SimNode): Row[] {
  return [
    {
      iface: 'enp1s0',
      type: 'eth',
      method: 'manual',
      method6: 'manual',
      families: ['inet'],
      active: 1,
      exists: 1,
      priority: 3,
    },
    {
      iface: 'vmbr0',
      type: 'bridge',
      method: 'static',
      method6: 'manual',
      families: ['inet'],
      address: ip,
      netmask: '16',
      cidr: `${ip}/16`,
      gateway: '10.20.255.1',
      bridge_ports: 'enp1s0',
      bridge_stp: 'off',
      bridge_fd: '0',
      active: 1,
      autostart: 1,
      priority: 4,
    },
  ]
}

function isOfType(row: Row, type: string | undefined): boolean {
  if (type === undefined || type === 'include_sdn') return true
  return type.startsWith('any_') ? row['type'] === 'bridge' : row['type'] === type
}

function service(world: World, name: string): Row {
  const isPlain = world.clusterName === '' && name === 'corosync'
  return {
    service: name,
    name,
    desc: SERVICES[name] ?? name,
    state: isPlain ? 'dead' : 'running',
    'active-state': isPlain ? 'inactive' : 'active',
    'unit-state': 'enabled',
  }
}

function certificate(node: SimNode): Row {
  const notbefore = Math.floor(node.bootedAtMs / 1000) - 60 * 86_400
  return {
    filename: 'pve-ssl.pem',
    fingerprint: fingerprintOf(node),
    issuer: '/CN=Proxmox Virtual Environment/OU=cluster/O=PVE Cluster Manager CA',
    subject: `/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=${node.name}.lab.example`,
    san: ['127.0.0.1', 'localhost', node.ip, node.name],
    notbefore,
    notafter: notbefore + 2 * YEAR_SECONDS,
    'public-key-bits': 2048,
    'public-key-type': 'rsaEncryption',
  }
}

function disks(node: SimNode): Row[] {
  const base = {
    gpt: 1,
    mounted: 0,
    osdid: -1,
    'osdid-list': [],
    health: 'PASSED',
    vendor: 'unknown',
  }
  const system = {
    ...base,
    devpath: '/dev/nvme0n1',
    model: 'NVMe SSD',
    type: 'nvme',
    used: 'BIOS boot',
  }
  return [
    {
      ...system,
      serial: `S5GXNX0T${String(node.id).padStart(6, '0')}`,
      size: 1000204886016,
      wearout: 97,
      wwn: 'eui.0025385b21404321',
      rpm: 0,
    },
  ]
}

function smart(node: SimNode, disk: string): Row {
  if (!disks(node).some((row) => row['devpath'] === disk))
    throw dies(`no such block device '${disk}'`)
  return {
    health: 'PASSED',
    type: 'text',
    text: '\nSMART/Health Information\nPercentage Used: 3%\n',
  }
}

function pci(id: string, kind: string, vendor: readonly string[], device: readonly string[]): Row {
  return {
    id,
    class: kind,
    vendor: vendor[0],
    vendor_name: vendor[1],
    device: device[0],
    device_name: device[1],
    iommugroup: 1,
  }
}

function syslog(call: Call): unknown[] {
  const lines = [...call.world.tasks.values()]
    .filter((task) => task.node === call.params['node'])
    .map(
      (task) =>
        `${new Date(task.startedAtMs).toISOString()} ${task.node} pvedaemon[1234]: <${task.user}> starting task ${task.upid}`,
    )
  const start = numberOf(call, 'start') ?? 0
  call.attributes.total = lines.length
  return lines
    .slice(start, start + (numberOf(call, 'limit') ?? 50))
    .map((t, index) => ({ n: start + index + 1, t }))
}
