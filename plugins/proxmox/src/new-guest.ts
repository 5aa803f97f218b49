// SPDX-License-Identifier: GPL-3.0-or-later
/** What a new guest shall be, and how that is written for Proxmox VE. */
import type { Constraint } from '@sallyport/sdk'
import { z } from 'zod'
import { Network, cloudAddresses, firstCard, networkFault } from './addressing.ts'
import { GuestRef, Vmid } from './guest-ref.ts'
import type { GuestKind } from './guest-ref.ts'
import { GuestName, PoolName, StorageName, Tag, VolumeId } from './names.ts'
import { CARD_FIELDS } from './network.ts'

/** One line of an authorized_keys file. Source: OpenSSH, sshd(8), without options before the type. */
const SshKey = z
  .string()
  .max(2_000)
  .regex(/^(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [ -~]*)?$/)

/** The input of `guest.provision`. */
export const NewGuest = GuestRef.extend({
  node: GuestRef.shape.node.describe('the node on which the guest is made'),
  vmid: GuestRef.shape.vmid.describe('the number of the new guest'),
  template: Vmid.optional().describe('the golden template on that node, of which it is a copy'),
  ostemplate: VolumeId.optional().describe(
    'in place of a template: an archive to unpack into a new container, local:vztmpl/…',
  ),
  name: GuestName.describe('its name, which is also its host name'),
  full: z
    .boolean()
    .default(false)
    .describe('a copy that stands alone, not one linked to its template'),
  storage: StorageName.optional().describe(
    'where its disks go: needed with ostemplate, possible with full=true',
  ),
  diskGib: z
    .int()
    .min(1)
    .max(131_072)
    .default(8)
    .describe('with ostemplate: size of its disk in GiB'),
  pool: PoolName.optional().describe('the pool it becomes part of'),
  tags: z.array(Tag).max(16).optional().describe('its tags, in place of those of the template'),
  cores: z.int().min(1).max(512).optional().describe('number of processor cores'),
  memoryMib: z.int().min(16).max(4_194_304).optional().describe('memory in MiB'),
  network: Network.default({}).describe('its first network card'),
  nameserver: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(3)
    .optional()
    .describe('name servers; those of the host unless given'),
  sshKeys: z
    .array(SshKey)
    .max(16)
    .optional()
    .describe(
      'public keys that may log in: by cloud-init, or for root of a container made of an archive',
    ),
  ciUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
    .optional()
    .describe('the name that cloud-init makes for logging in'),
  start: z.boolean().default(true).describe('whether to start it'),
})
/** What a new guest shall be. */
export type NewGuest = z.infer<typeof NewGuest>

/** Why a guest cannot be as it is wanted, as far as the wish itself tells; undefined when it can. */
export function wishFault(wish: NewGuest, kind: GuestKind): string | undefined {
  const { template, ostemplate, storage, full, sshKeys, ciUser } = wish
  if ((template === undefined) === (ostemplate === undefined)) {
    return 'give either template or ostemplate'
  }
  if (ostemplate !== undefined && storage === undefined) return 'an ostemplate needs a storage'
  if (template !== undefined && storage !== undefined && !full) {
    return 'the disks of a linked copy stay where those of the template are: leave storage out, or give full=true'
  }
  if (kind === 'lxc' && ciUser !== undefined)
    return 'a container has no cloud-init: leave ciUser out'
  if (kind === 'lxc' && template !== undefined && sshKeys !== undefined) {
    return 'the keys of a copied container are those in its template: leave sshKeys out'
  }
  return networkFault(wish.network)
}

/** A percent-encoded text. */
const ENCODED: Constraint = { pattern: "[A-Za-z0-9_.!~*'()%-]{1,65536}" }
const SHARED: Readonly<Record<string, Constraint>> = {
  net0: CARD_FIELDS['net0']!,
  cores: { min: 1, max: 512 },
  memory: { min: 16, max: 4_194_304 },
  tags: { pattern: '[a-z0-9_+.;-]{0,1100}' },
  nameserver: { pattern: '[0-9a-fA-F:. ]{1,200}' },
}

/** What a body may hold that changes the configuration of a new machine. */
export const MACHINE_FIELDS: Readonly<Record<string, Constraint>> = {
  ...SHARED,
  ciuser: { pattern: '[a-z_][a-z0-9_-]{0,31}' },
  sshkeys: ENCODED,
  ipconfig0: { pattern: '[a-z0-9]+=[0-9A-Za-z:./]+(?:,[a-z0-9]+=[0-9A-Za-z:./]+)*' },
}

/** What a body may hold that changes the configuration of a new container. */
export const CONTAINER_FIELDS: Readonly<Record<string, Constraint>> = SHARED

/** What a body may hold that makes a container from an archive. */
export const CREATE_FIELDS: Readonly<Record<string, Constraint>> = {
  ...SHARED,
  vmid: { resource: 'vmid', required: true },
  ostemplate: { resource: 'ostemplate', required: true },
  hostname: { resource: 'name', required: true },
  storage: { resource: 'storage', required: true },
  pool: { resource: 'pool' },
  rootfs: { pattern: '[a-zA-Z][a-zA-Z0-9._-]*:[0-9]{1,6}' },
  unprivileged: { equals: 1, required: true },
  'ssh-public-keys': { pattern: '[ -~\\n]{1,32768}' },
}

/** What to change in the configuration of a copy. */
export function changesOf(
  kind: GuestKind,
  config: Readonly<Record<string, unknown>>,
  wish: NewGuest,
): Record<string, string | number> {
  const { ciUser, sshKeys, network } = wish
  const cloud = {
    ciuser: ciUser,
    // Why encoded here: the parameter itself is percent-encoded text, and the form encodes it once more.
    sshkeys: sshKeys === undefined ? undefined : encodeURIComponent(sshKeys.join('\n')),
    ipconfig0: cloudAddresses(network),
  }
  return defined({
    ...sharedOf(wish),
    net0: firstCard(kind, config, network),
    ...(kind === 'qemu' && cloud),
  })
}

/** The body that makes a container from an archive. */
export function creationOf(wish: NewGuest): {
  vmid: number
  ostemplate: string
  hostname: string
  storage: string
  rootfs: string
  unprivileged: boolean
  [more: string]: string | number | boolean
} {
  const { vmid, ostemplate = '', name, storage = '', diskGib, pool, sshKeys, network } = wish
  return {
    vmid,
    ostemplate,
    hostname: name,
    storage,
    rootfs: `${storage}:${diskGib}`,
    unprivileged: true,
    ...defined({
      ...sharedOf(wish),
      pool,
      'ssh-public-keys': sshKeys?.join('\n'),
      net0: firstCard('lxc', {}, network),
    }),
  }
}

function sharedOf({
  cores,
  memoryMib,
  tags,
  nameserver,
}: NewGuest): Record<string, string | number | undefined> {
  return {
    cores,
    memory: memoryMib,
    tags: tags?.join(';'),
    nameserver: nameserver?.length === 0 ? undefined : nameserver?.join(' '),
  }
}

function defined(
  values: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
