// SPDX-License-Identifier: GPL-3.0-or-later
/** Addresses and networks as Proxmox VE takes them. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** Whether a text is an address of IP, of one version if asked for. */
export function isIp(text: string, version?: 4 | 6): boolean {
  return (version !== 6 && IPV4.test(text)) || (version !== 4 && isIpv6(text))
}

/** Eight groups, of which one run of zeros may be `::`; the last two may be an IPv4 address. */
function isIpv6(text: string): boolean {
  const tail = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text)
  if (tail !== null) return IPV4.test(tail[2]!) && isIpv6(`${tail[1]}0:0`)
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map((half) => (half === '' ? [] : half.split(':'))).flat()
  const isFull = halves.length === 1 ? groups.length === 8 : groups.length < 8
  return isFull && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
}

/** `192.0.2.0/24` */
export function isCidrIn(text: string, version: 4 | 6): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const [low, high] = version === 4 ? [1, 32] : [1, 128]
  return isIp(address, version) && Number(bits) >= low && Number(bits) <= high
}

/** A network of either version. */
export function isCidr(text: string): boolean {
  return isCidrIn(text, 4) || isCidrIn(text, 6)
}

/** What a guest gets as its IPv4 address. */
export function isIpv4Config(text: string): boolean {
  return ['dhcp', 'manual'].includes(text) || isCidrIn(text, 4)
}

/** What a guest gets as its IPv6 address. */
export function isIpv6Config(text: string): boolean {
  return ['auto', 'dhcp', 'manual'].includes(text) || isCidrIn(text, 6)
}

/** An address, or a name that leads to one. */
export function isAddress(text: string): boolean {
  const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
  return isIp(text) || new RegExp(`^${label}(?:\\.${label})*$`).test(text)
}
