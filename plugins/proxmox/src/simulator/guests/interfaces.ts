// SPDX-License-Identifier: GPL-3.0-or-later
/** The network interfaces that a guest has inside, with their addresses. */
import type { SimGuest } from '../world.ts'
import { parseProperties } from './property-string.ts'

/** One interface as the guest agent and containers tell of it. */
export interface Interface {
  readonly name: string
  readonly 'hardware-address': string
  readonly 'ip-addresses': readonly {
    'ip-address': string
    'ip-address-type': 'ipv4' | 'ipv6'
    prefix: number
  }[]
}

const LOOPBACK: Interface = {
  name: 'lo',
  'hardware-address': '00:00:00:00:00:00',
  'ip-addresses': [
    { 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 },
    { 'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128 },
  ],
}

/** The interfaces of a guest that runs: addresses follow from its configuration, those of DHCP from its number. */
export function addressesOf(guest: SimGuest): Interface[] {
  const devices = Object.entries(guest.config).filter(([key]) => /^net\d+$/.test(key))
  return [
    LOOPBACK,
    ...devices.map(([key, value]) => interfaceOf(guest, Number(key.slice(3)), String(value))),
  ]
}

/** The same for the list of a container. */
export function containerInterfaces(guest: SimGuest): unknown[] {
  return addressesOf(guest).map((entry) => {
    const address = (type: string) =>
      entry['ip-addresses'].find((one) => one['ip-address-type'] === type)
    const text = (type: string) => `${address(type)?.['ip-address']}/${address(type)?.prefix}`
    return {
      name: entry.name,
      hwaddr: entry['hardware-address'],
      'hardware-address': entry['hardware-address'],
      'ip-addresses': entry['ip-addresses'],
      ...(address('ipv4') === undefined ? {} : { inet: text('ipv4') }),
      ...(address('ipv6') === undefined ? {} : { inet6: text('ipv6') }),
    }
  })
}

function interfaceOf(guest: SimGuest, index: number, value: string): Interface {
  const parts = parseProperties(value)
  const mac = (
    parts.get('hwaddr') ??
    [...parts.values()].find((part) => /^(?:[0-9A-F]{2}:){5}[0-9A-F]{2}$/i.test(part)) ??
    ''
  ).toLowerCase()
  const settings =
    guest.type === 'lxc'
      ? parts
      : parseProperties(String(guest.config[`ipconfig${index}`] ?? 'ip=dhcp'))
  const fixed = /^([\d.]+)\/(\d+)$/.exec(settings.get('ip') ?? '')
  const address = fixed?.[1] ?? `10.30.${(guest.vmid >> 8) & 255}.${guest.vmid & 255}`
  return {
    name: parts.get('name') ?? `eth${index}`,
    'hardware-address': mac,
    'ip-addresses': [
      { 'ip-address': address, 'ip-address-type': 'ipv4', prefix: Number(fixed?.[2] ?? 16) },
      { 'ip-address': linkLocal(mac), 'ip-address-type': 'ipv6', prefix: 64 },
    ],
  }
}

/** The link-local address that follows from a hardware address. Source: RFC 4291 appendix A. */
function linkLocal(mac: string): string {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16))
  const [one = 0, two = 0, three = 0, four = 0, five = 0, six = 0] = bytes
  const groups = [((one ^ 2) << 8) | two, (three << 8) | 0xff, 0xfe00 | four, (five << 8) | six]
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`
}
