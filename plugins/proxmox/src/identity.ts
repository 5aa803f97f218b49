// SPDX-License-Identifier: GPL-3.0-or-later
/** What makes a guest itself to others: its name, the addresses of its network cards, the number of its machine. */
import { route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { lxcOf, qemuOf } from './guest-ref.ts'
import type { GuestKind, GuestRef } from './guest-ref.ts'
import { CARD_FIELDS, cardsOf, withMac } from './network.ts'
import type { Pve } from './pve.ts'
import { membersOf, textOf } from './values.ts'

/** The identity of a guest as its configuration has it. */
export interface Identity {
  readonly kind: GuestKind
  readonly name: string | null
  /** By card, sorted. */
  readonly macs: Readonly<Record<string, string>>
  readonly uuid: string | null
}

/** Whether a configuration is that of a machine whose first start cloud-init does. */
export function hasCloudInit(config: Readonly<Record<string, unknown>>): boolean {
  return Object.values(config).some((value) => /\bcloudinit\b/.test(textOf(value) ?? ''))
}

/** The routes that reading and changing an identity needs; `name` is the resource that names the new name. */
export const IDENTITY_ROUTES: readonly RouteScope[] = [
  ...configRoutes(),
  route('PUT /nodes/{node}/qemu/{vmid}/config', {
    body: {
      ...CARD_FIELDS,
      name: { resource: 'name' },
      smbios1: { pattern: '[A-Za-z0-9+/=,-]{1,512}' },
      vmgenid: { equals: 1 },
      digest: { pattern: '[0-9a-f]{40}' },
    },
    others: 'forbidden',
  }),
  route('PUT /nodes/{node}/lxc/{vmid}/config', {
    body: { ...CARD_FIELDS, hostname: { resource: 'name' }, digest: { pattern: '[0-9a-f]{40}' } },
    others: 'forbidden',
  }),
]

/** The routes that read the configuration of the job's guest. */
export function configRoutes(vmid = 'vmid'): RouteScope[] {
  const nothing = { query: {}, others: 'forbidden' } as const
  return [
    route(`GET /nodes/{node}/qemu/{${vmid}}/config`, nothing),
    route(`GET /nodes/{node}/lxc/{${vmid}}/config`, nothing),
  ]
}

/** Reads a configuration. */
export async function configOf(
  pve: Pve,
  guest: GuestRef & { readonly kind: GuestKind },
): Promise<Readonly<Record<string, unknown>>> {
  const api = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
  return membersOf(await api.config.$get())
}

/** The identity in a configuration. */
export function identityIn(kind: GuestKind, config: Readonly<Record<string, unknown>>): Identity {
  const cards = cardsOf(config).flatMap(({ key, mac }) => (mac === undefined ? [] : [[key, mac]]))
  const uuid = /(?:^|,)uuid=([0-9a-f-]{36})/i.exec(textOf(config['smbios1']) ?? '')?.[1]
  return {
    kind,
    name: textOf(config[kind === 'qemu' ? 'name' : 'hostname']) ?? null,
    macs: Object.fromEntries(cards) as Record<string, string>,
    uuid: uuid?.toLowerCase() ?? null,
  }
}

/**
 * What to write so that a guest is another one: addresses that Proxmox VE chooses, another number of the machine, a
 * name where one is given.
 *
 * Why the digest: a change by someone else in between is refused and not overwritten.
 */
export function newIdentity(
  kind: GuestKind,
  config: Readonly<Record<string, unknown>>,
  name: string | undefined,
): Record<string, string> {
  const cards = cardsOf(config).map((card) => [card.key, withMac(kind, card)])
  const digest = textOf(config['digest'])
  return {
    ...(Object.fromEntries(cards) as Record<string, string>),
    ...(kind === 'qemu' && {
      smbios1: otherUuid(textOf(config['smbios1']) ?? ''),
      vmgenid: '1',
    }),
    ...(name !== undefined && { [kind === 'qemu' ? 'name' : 'hostname']: name }),
    ...(digest !== undefined && { digest }),
  }
}

/** Source: qemu-server, smbios1: a property string with `uuid` among others. */
function otherUuid(smbios: string): string {
  const rest = smbios.split(',').filter((part) => part !== '' && !part.startsWith('uuid='))
  return [`uuid=${crypto.randomUUID()}`, ...rest].join(',')
}

/** Writes a part of a configuration. Both kinds do it at once, without a task. */
export async function writeConfig(
  pve: Pve,
  guest: GuestRef & { readonly kind: GuestKind },
  change: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  if (guest.kind === 'qemu') await qemuOf(pve, guest).config.$put({ ...change })
  else await lxcOf(pve, guest).config.$put({ ...change })
}

/** Whether everything that tells two guests apart is another one than before. */
export function isAnother(before: Identity, now: Identity): boolean {
  const old = new Set(Object.values(before.macs))
  const hasOtherMacs = Object.values(now.macs).every((mac) => !old.has(mac))
  return hasOtherMacs && (before.uuid === null || before.uuid !== now.uuid)
}
