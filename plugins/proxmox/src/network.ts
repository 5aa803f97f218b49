// SPDX-License-Identifier: GPL-3.0-or-later
/** Network cards of guests: their addresses on the wire, and how they are written into a configuration. */
import type { Constraint } from '@sallyport/sdk'
import type { GuestKind } from './guest-ref.ts'
import { inOrder } from './cluster.ts'
import { parsePropertyString, propertyString } from './property-string.ts'
import { textOf } from './values.ts'

/** One card: `net0` and its address. */
export interface NetworkCard {
  readonly key: string
  readonly mac: string | undefined
  readonly properties: Readonly<Record<string, string>>
}

/** How many cards a guest can have. Source: qemu-server and pve-container, `net[n]`. */
const MAX_CARDS = 32
const MAC = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/

/** What a body may hold for cards: property strings, one line each. */
export const CARD_FIELDS: Readonly<Record<string, Constraint>> = Object.fromEntries(
  Array.from({ length: MAX_CARDS }, (_, n) => [
    `net${n}`,
    {
      pattern: '[a-z0-9-]+(?:=[A-Za-z0-9:._/;-]{1,100})?(?:,[a-z0-9_-]+=[A-Za-z0-9:._/;-]{1,100})*',
    },
  ]),
)

/** The cards of a guest, sorted. */
export function cardsOf(config: Readonly<Record<string, unknown>>): NetworkCard[] {
  return Object.entries(config)
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([key, value]) => {
      const properties = parsePropertyString(textOf(value) ?? '')
      return { key, mac: macOf(properties), properties }
    })
    .sort((a, b) => inOrder(a.key, b.key))
}

/** A machine names the address by the model of the card (`virtio=BC:24:…`), a container as `hwaddr`. */
function macOf(properties: Readonly<Record<string, string>>): string | undefined {
  return Object.values(properties)
    .find((value) => MAC.test(value))
    ?.toUpperCase()
}

/** A card with another address; without one, Proxmox VE chooses it. */
export function withMac(kind: GuestKind, card: NetworkCard, mac?: string): string {
  const { properties } = card
  if (kind === 'lxc') return propertyString({ ...without(properties, 'hwaddr'), hwaddr: mac })
  const model = modelOf(properties)
  const rest = without(without(without(properties, model), 'macaddr'), '')
  return mac === undefined
    ? propertyString({ '': model, ...without(rest, 'model') })
    : propertyString({ [model]: mac, ...without(rest, 'model') })
}

/** Source: qemu-server, "net": the model is the name before the address, the value without one, or `model=`. */
function modelOf(properties: Readonly<Record<string, string>>): string {
  const [named] = Object.entries(properties).find(([, value]) => MAC.test(value)) ?? []
  if (named !== undefined && named !== 'macaddr') return named
  return properties['model'] ?? properties[''] ?? 'virtio'
}

function without(
  properties: Readonly<Record<string, string>>,
  name: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(properties).filter(([each]) => each !== name))
}
