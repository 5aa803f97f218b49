// SPDX-License-Identifier: GPL-3.0-or-later
/** Storages as their owner declares them: what each is, by what it is known for good, and what it is for. */
import type { Constraint } from '@sallyport/sdk'
import { z } from 'zod'
import { NodeName } from './guest-ref.ts'
import { StorageName } from './names.ts'

const CONTENTS = ['backup', 'images', 'import', 'iso', 'rootdir', 'snippets', 'vztmpl'] as const
const PATH = /^\/[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,98}$/
const NAMESPACE = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*){0,6}$/
/** Source: RFC 1123, section 2.1; an IPv6 address stands alone. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45})$/

const shared = {
  storage: StorageName.describe('its name in the cluster'),
  class: z.enum(['fast', 'slow']).describe('what its speed is good for'),
  role: z.string().regex(WORD).describe('what it is for, in a word: guests, backup, offsite'),
  content: z.array(z.enum(CONTENTS)).min(1).max(7).describe('what may lie on it'),
  nodes: z
    .array(NodeName)
    .min(1)
    .max(64)
    .optional()
    .describe('the nodes that have it; all unless given'),
}
const server = z.string().regex(HOST).describe('the name or address of its server')

/** One declared storage. */
export const StorageTarget = z.discriminatedUnion('type', [
  z.strictObject({
    ...shared,
    type: z.literal('dir').describe('a folder of a node'),
    path: z.string().regex(PATH).describe('where it is'),
    uuid: z
      .string()
      .regex(/^[0-9A-Fa-f-]{4,36}$/)
      .optional()
      .describe('the file system that must be mounted there; nothing is written while it is not'),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('nfs').describe('an NFS export'),
    server,
    export: z.string().regex(PATH).describe('what the server exports'),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('cifs').describe('an SMB share'),
    server,
    share: z
      .string()
      .regex(/^[A-Za-z0-9$ ._-]{1,80}$/)
      .describe('the name of the share'),
    username: z
      .string()
      .regex(/^[A-Za-z0-9._@\\-]{1,100}$/)
      .optional()
      .describe('who logs in'),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('pbs').describe('a Proxmox Backup Server'),
    server,
    datastore: z.string().regex(WORD).describe('the datastore'),
    namespace: z.string().regex(NAMESPACE).optional().describe('the namespace in it'),
    fingerprint: z
      .string()
      .regex(/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}$/)
      .describe('SHA-256 of the certificate of the server'),
    username: z
      .string()
      .regex(/^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]*(?:![A-Za-z][A-Za-z0-9._-]*)?$/)
      .max(100)
      .describe('the user or token that logs in'),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('lvmthin').describe('an LVM thin pool'),
    vgname: z.string().regex(WORD).describe('the volume group'),
    thinpool: z.string().regex(WORD).describe('the thin pool in it'),
  }),
  z.strictObject({
    ...shared,
    type: z.literal('zfspool').describe('a ZFS pool or file system'),
    pool: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9._:-]*(?:\/[A-Za-z0-9._:-]+)*$/)
      .max(200)
      .describe('its name'),
  }),
])
/** One declared storage. */
export type StorageTarget = z.infer<typeof StorageTarget>

/** By what a storage is known for good: should one of these differ, it is another one. */
const IDENTITY = {
  dir: ['path'],
  nfs: ['server', 'export'],
  cifs: ['server', 'share', 'username'],
  pbs: ['server', 'datastore', 'namespace', 'fingerprint', 'username'],
  lvmthin: ['vgname', 'thinpool'],
  zfspool: ['pool'],
} as const

/** The identity of a target by the names that Proxmox VE has for its parts. */
export function identityFields(target: StorageTarget): Record<string, string> {
  const told = target as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    IDENTITY[target.type].flatMap((name) =>
      typeof told[name] === 'string' ? [[name, told[name]]] : [],
    ),
  )
}

/** The body that creates a storage; nothing in it is secret. */
export function creationFields(target: StorageTarget): Record<string, string | boolean> {
  const { storage, type, content, nodes } = target
  return {
    storage,
    type,
    content: content.toSorted().join(','),
    ...(nodes !== undefined && { nodes: nodes.toSorted().join(',') }),
    ...identityFields(target),
    // Why: where nothing is mounted, the folder is one of the node's own disk, and backups would fill that.
    ...(target.type === 'dir' && target.uuid !== undefined && { is_mountpoint: 'yes' }),
  }
}

/** Whether creating it takes a password. */
export function needsSecret(target: StorageTarget): boolean {
  return target.type === 'pbs' || (target.type === 'cifs' && target.username !== undefined)
}

/** What a body that creates a storage may hold; `storage` is the resource that names it. */
export const CREATION_CONSTRAINTS: Readonly<Record<string, Constraint>> = {
  storage: { resource: 'storage', required: true },
  content: { pattern: '[a-z]+(?:,[a-z]+)*' },
  nodes: { pattern: '[A-Za-z0-9-]+(?:,[A-Za-z0-9-]+)*' },
  path: { pattern: PATH.source },
  is_mountpoint: { equals: 'yes' },
  server: { pattern: HOST.source },
  export: { pattern: PATH.source },
  share: { pattern: '[A-Za-z0-9$ ._-]{1,80}' },
  username: { pattern: '[^\\s:/]{1,100}' },
  datastore: { pattern: WORD.source },
  namespace: { pattern: NAMESPACE.source },
  fingerprint: { pattern: '[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}' },
  vgname: { pattern: WORD.source },
  thinpool: { pattern: WORD.source },
  pool: { pattern: '[A-Za-z][A-Za-z0-9._:/-]{0,199}' },
}
