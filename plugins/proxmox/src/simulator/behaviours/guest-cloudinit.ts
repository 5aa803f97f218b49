// SPDX-License-Identifier: GPL-3.0-or-later
/** What cloud-init gives a virtual machine. */
import { type Behaviours, dies } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { disksOf } from '../guests/disks.ts'
import { forGuests, type GuestCall, needUnlocked } from '../guests/guest.ts'
import { textOf } from '../guests/params.ts'
import { configAfterRestart } from '../guests/pending.ts'
import { parseProperties } from '../guests/property-string.ts'
import { labelsOf } from '../guests/status.ts'
import { needQuorum } from '../quorum.ts'

const KEYS =
  /^(?:cicustom|cipassword|citype|ciupgrade|ciuser|name|nameserver|searchdomain|sshkeys|ipconfig\d+|net\d+)$/

/** Cloud-init. */
export const guestCloudinitBehaviours: Behaviours = forGuests(
  { 'GET /cloudinit': pendingChanges, 'PUT /cloudinit': regenerate, 'GET /cloudinit/dump': dump },
  ['qemu'],
)

function pendingChanges({ guest }: GuestCall): unknown[] {
  const next = configAfterRestart(guest)
  const keys = [...new Set([...Object.keys(guest.config), ...Object.keys(next)])]
    .filter((key) => KEYS.test(key))
    .sort()
  return keys.map((key) => ({
    key,
    ...(guest.config[key] === undefined ? {} : { value: shown(key, guest.config[key]) }),
    ...(next[key] === undefined || next[key] === guest.config[key]
      ? {}
      : { pending: shown(key, next[key]) }),
    ...(next[key] === undefined ? { delete: 1 } : {}),
  }))
}

function regenerate({ world, guest }: GuestCall): null {
  needQuorum(world)
  needUnlocked(guest)
  needDrive(guest)
  for (const key of Object.keys(guest.pending).filter((name) => KEYS.test(name))) {
    const value = guest.pending[key]
    if (value !== undefined) guest.config[key] = value
    delete guest.pending[key]
  }
  return null
}

function dump({ call, guest }: GuestCall): string {
  const config = configAfterRestart(guest)
  const { name } = labelsOf(guest)
  const type = textOf(call, 'type')
  if (type === 'meta') return `instance-id: ${digestOf(JSON.stringify(config))}\n`
  if (type === 'network') return networkData(config)
  const user = config['ciuser'] === undefined ? [] : [`user: ${config['ciuser']}`]
  const keys = decodeURIComponent(String(config['sshkeys'] ?? ''))
    .split('\n')
    .filter((line) => line !== '')
  const lines = [
    '#cloud-config',
    `hostname: ${name}`,
    'manage_etc_hosts: true',
    ...user,
    ...(keys.length === 0 ? [] : ['ssh_authorized_keys:', ...keys.map((key) => `  - ${key}`)]),
    'chpasswd:',
    '  expire: False',
    'package_upgrade: true',
  ]
  return `${lines.join('\n')}\n`
}

function networkData(config: Readonly<Record<string, string | number>>): string {
  const devices = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .sort()
  const lines = devices.flatMap((key) => {
    const index = key.slice(3)
    const ip = parseProperties(String(config[`ipconfig${index}`] ?? 'ip=dhcp')).get('ip') ?? 'dhcp'
    const subnet =
      ip === 'dhcp' ? ['    - type: dhcp4'] : ['    - type: static', `      address: '${ip}'`]
    return ['  - type: physical', `    name: eth${index}`, '    subnets:', ...subnet]
  })
  return ['version: 1', 'config:', ...lines, ''].join('\n')
}

function needDrive(guest: GuestCall['guest']): void {
  const has = disksOf('qemu', guest.config).some((disk) => disk.source.includes('cloudinit'))
  if (!has) throw dies('no cloudinit drive found')
}

function shown(key: string, value: string | number): string {
  return key === 'cipassword' ? '**********' : String(value)
}
