// SPDX-License-Identifier: GPL-3.0-or-later
/** The network of a new guest: what its maker may say of it, and how Proxmox VE wants it written. */
import { z } from 'zod'
import type { GuestKind } from './guest-ref.ts'
import { MacAddress } from './names.ts'
import { cardsOf, withMac } from './network.ts'
import { parsePropertyString, propertyString } from './property-string.ts'

const IPV4 = z.ipv4()
const IPV6 = z.ipv6()

/** The network of a guest: one card, and its addresses. */
export const Network = z.strictObject({
  bridge: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/)
    .optional()
    .describe('the bridge of the host; that of the template unless given'),
  vlan: z.int().min(1).max(4_094).optional().describe('the VLAN tag'),
  mac: MacAddress.optional().describe('the address on the wire; chosen unless given'),
  address: z
    .union([z.literal('dhcp'), z.cidrv4()])
    .optional()
    .describe('"dhcp", or an IPv4 address with its prefix: 192.0.2.10/24'),
  gateway: IPV4.optional().describe('the IPv4 gateway, with a fixed address'),
  address6: z
    .union([z.enum(['dhcp', 'auto']), z.cidrv6()])
    .optional()
    .describe('"dhcp", "auto", or an IPv6 address with its prefix'),
  gateway6: IPV6.optional().describe('the IPv6 gateway, with a fixed address'),
})
/** The network of a guest. */
export type Network = z.infer<typeof Network>

/** Why a network cannot be as it is wanted; undefined when it can. */
export function networkFault({
  address,
  gateway,
  address6,
  gateway6,
}: Network): string | undefined {
  const isFixed = address !== undefined && address !== 'dhcp'
  const isFixed6 = address6 !== undefined && address6 !== 'dhcp' && address6 !== 'auto'
  if (gateway !== undefined && !isFixed) return 'a gateway goes with a fixed address'
  return gateway6 !== undefined && !isFixed6 ? 'a gateway6 goes with a fixed address6' : undefined
}

/** The first card of a guest as it shall be; undefined when it stays as it is. */
export function firstCard(
  kind: GuestKind,
  config: Readonly<Record<string, unknown>>,
  network: Network,
): string | undefined {
  const { bridge, vlan, mac } = network
  const addresses = kind === 'lxc' ? addressesOf(network) : {}
  const change = { bridge, tag: vlan, ...addresses }
  const isSame = mac === undefined && Object.values(change).every((value) => value === undefined)
  if (isSame) return undefined
  const given = cardsOf(config).find(({ key }) => key === 'net0')
  const card = given ?? { key: 'net0', mac: undefined, properties: freshCard(kind) }
  const text = withMac(kind, card, mac ?? card.mac)
  return propertyString({ ...parsePropertyString(text), ...defined(change) })
}

function freshCard(kind: GuestKind): Readonly<Record<string, string>> {
  return kind === 'lxc' ? { name: 'eth0', bridge: 'vmbr0' } : { '': 'virtio', bridge: 'vmbr0' }
}

/** What cloud-init is told of the first card; undefined when nothing is said. */
export function cloudAddresses(network: Network): string | undefined {
  const text = propertyString(addressesOf(network))
  return text === '' ? undefined : text
}

function addressesOf({ address, gateway, address6, gateway6 }: Network): {
  ip: string | undefined
  gw: string | undefined
  ip6: string | undefined
  gw6: string | undefined
} {
  return { ip: address, gw: gateway, ip6: address6, gw6: gateway6 }
}

function defined(
  values: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
