// SPDX-License-Identifier: GPL-3.0-or-later
/** The kinds of storages: what each must be told, may be told and can hold. */

/** A kind of storage. */
export interface StorageType {
  /** Must be given, and cannot be changed later. */
  readonly required: readonly string[]
  /** May be given beside what every kind takes. */
  readonly optional: readonly string[]
  readonly content: readonly string[]
  readonly defaultContent: readonly string[]
  /** Whether every node sees the same. */
  readonly isShared: boolean
}

/** What every kind takes. */
export const COMMON_OPTIONS = ['nodes', 'disable', 'content', 'bwlimit'] as const

const FILES = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'import', 'none']
const FILE_OPTIONS = [
  'format', 'mkdir', 'create-base-path', 'create-subdirs', 'content-dirs', 'preallocation', 'prune-backups',
  'max-protected-backups', 'maxfiles', 'snapshot-as-volume-chain',
] // oxfmt-ignore
const DISKS = ['images', 'rootdir', 'none']

/** By name. Source: pve-storage, `PVE/Storage`, the options of its plugins. */
export const STORAGE_TYPES: Readonly<Record<string, StorageType>> = {
  dir: {
    required: ['path'],
    optional: [...FILE_OPTIONS, 'shared', 'is_mountpoint'],
    content: FILES,
    defaultContent: ['images', 'rootdir'],
    isShared: false,
  },
  btrfs: {
    required: ['path'],
    optional: [...FILE_OPTIONS, 'shared', 'is_mountpoint', 'nocow'],
    content: FILES,
    defaultContent: ['images', 'rootdir'],
    isShared: false,
  },
  nfs: {
    required: ['server', 'export'],
    optional: [...FILE_OPTIONS, 'path', 'options'],
    content: FILES,
    defaultContent: ['images'],
    isShared: true,
  },
  cifs: {
    required: ['server', 'share'],
    optional: [
      ...FILE_OPTIONS,
      'path',
      'options',
      'subdir',
      'username',
      'password',
      'domain',
      'smbversion',
    ],
    content: FILES,
    defaultContent: ['images'],
    isShared: true,
  },
  pbs: {
    required: ['server', 'datastore'],
    optional: [
      'namespace', 'port', 'username', 'password', 'encryption-key', 'master-pubkey', 'fingerprint', 'prune-backups',
      'max-protected-backups', 'maxfiles', 'skip-cert-verification',
    ], // oxfmt-ignore
    content: ['backup', 'none'],
    defaultContent: ['backup'],
    isShared: true,
  },
  lvm: {
    required: ['vgname'],
    optional: [
      'base',
      'shared',
      'saferemove',
      'saferemove_throughput',
      'saferemove-stepsize',
      'tagged_only',
      'snapshot-as-volume-chain',
    ],
    content: DISKS,
    defaultContent: ['images', 'rootdir'],
    isShared: false,
  },
  lvmthin: {
    required: ['thinpool', 'vgname'],
    optional: [],
    content: DISKS,
    defaultContent: ['images', 'rootdir'],
    isShared: false,
  },
  zfspool: {
    required: ['pool'],
    optional: ['blocksize', 'sparse', 'mountpoint'],
    content: DISKS,
    defaultContent: ['images', 'rootdir'],
    isShared: false,
  },
  rbd: {
    required: [],
    optional: [
      'pool',
      'monhost',
      'username',
      'krbd',
      'keyring',
      'namespace',
      'data-pool',
      'authsupported',
    ],
    content: DISKS,
    defaultContent: ['images'],
    isShared: true,
  },
  cephfs: {
    required: [],
    optional: [
      'path',
      'monhost',
      'username',
      'fuse',
      'subdir',
      'keyring',
      'fs-name',
      ...FILE_OPTIONS,
    ],
    content: ['vztmpl', 'iso', 'backup', 'snippets', 'import', 'none'],
    defaultContent: ['backup'],
    isShared: true,
  },
}
