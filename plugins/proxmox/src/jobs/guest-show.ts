// SPDX-License-Identifier: GPL-3.0-or-later
/** Shows one guest. */
import { defineJob, endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { disksOf } from '../disks.ts'
import {
  CONFIG_ROUTES,
  PENDING_ROUTES,
  configOf,
  coresOf,
  isolationOf,
  memoryOf,
  pendingOf,
  tagsOf,
} from '../guest-config.ts'
import type { GuestConfig } from '../guest-config.ts'
import { GUEST_RESOURCES, GUEST_ROUTES, GuestRef, findGuest } from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { LAST_BACKUP_ROUTES, LastBackup, lastBackupOf } from '../last-backup.ts'
import { pveOf } from '../pve.ts'
import { SNAPSHOT_ROUTES, snapshotsOf } from '../snapshots.ts'
import { isTrue, lineOf, numberOf, textOf } from '../values.ts'

/** What is a secret, or nobody's concern. */
const LEFT_OUT = new Set(['cipassword', 'digest', 'sshkeys'])
const MAX_CONFIG_KEYS = 300

const Disk = z.object({
  key: z.string().describe('"scsi0", "rootfs", "mp1"'),
  volume: z.string(),
  storage: z.string().nullable().describe('null for a folder or device of the host'),
  size: z.string().nullable().describe('as Proxmox VE writes it, "32G"'),
  inBackup: z.boolean(),
  leftOutBecause: z.string().nullable(),
})

const Shown = z.object({
  vmid: z.number(),
  node: z.string(),
  kind: z.enum(['qemu', 'lxc']),
  name: z.string().nullable(),
  status: z.enum(['running', 'stopped', 'paused', 'suspended']),
  isTemplate: z.boolean(),
  isProtected: z.boolean(),
  lock: z.string().nullable(),
  haState: z.string().nullable(),
  uptimeSeconds: z.number(),
  cores: z.number().nullable().describe('null for a container without a limit'),
  memoryMiB: z.number(),
  cpuPercent: z.number().nullable(),
  memoryUsedBytes: z.number().nullable(),
  tags: z.array(z.string()),
  isolation: z.object({
    class: z.enum(['virtual-machine', 'unprivileged-container', 'privileged-container']),
    weakenedBy: z.array(z.string()),
  }),
  disks: z.array(Disk),
  snapshotCount: z.number(),
  pendingChanges: z.array(z.string()).describe('names of what waits for a restart'),
  lastBackup: LastBackup.nullable(),
  config: z.record(z.string(), z.string()).describe('as Proxmox VE keeps it, without secrets'),
  notes: z.array(z.string()),
})

/** Shows one guest. */
export const guestShow = defineJob({
  summary: 'Show one guest: state, configuration, disks, isolation, snapshots and its last backup',
  effect: 'read',
  input: GuestRef,
  output: Shown,
  resources: GUEST_RESOURCES,
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      ...CONFIG_ROUTES,
      ...PENDING_ROUTES,
      ...SNAPSHOT_ROUTES,
      ...LAST_BACKUP_ROUTES,
    ]),
  },
  limits: { perMinute: 60, timeoutMs: 90_000 },
  async run({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const [config, pending, { snapshots }, { lastBackup, notes }] = await Promise.all([
      configOf(pve, guest),
      pendingOf(pve, guest),
      snapshotsOf(pve, guest),
      lastBackupOf(pve, guest),
    ])
    return {
      ...stateOf(guest, config),
      disks: shownDisks(guest, config),
      snapshotCount: snapshots.length,
      pendingChanges: pending,
      lastBackup,
      config: shownConfig(config),
      notes,
    }
  },
})

function stateOf(guest: Guest, config: GuestConfig) {
  const { vmid, node, kind, name, status, isTemplate, lock, haState, uptimeSeconds, told } = guest
  const cpu = numberOf(told['cpu'])
  return {
    vmid,
    node,
    kind,
    name: name ?? null,
    status,
    isTemplate,
    isProtected: isTrue(config['protection']),
    lock: lock ?? null,
    haState: haState ?? null,
    uptimeSeconds,
    cores: coresOf(guest, config),
    memoryMiB: memoryOf(config),
    cpuPercent: cpu === undefined ? null : Math.round(cpu * 1_000) / 10,
    memoryUsedBytes: numberOf(told['mem']) ?? null,
    tags: tagsOf(config),
    isolation: isolationOf(guest, config),
  }
}

function shownDisks({ kind }: Guest, config: GuestConfig): z.infer<typeof Disk>[] {
  return disksOf(kind, config).map(({ key, volume, size, inBackup, why }) => ({
    key,
    volume,
    storage: volume.startsWith('/') ? null : (volume.split(':')[0] ?? null),
    size: size ?? null,
    inBackup,
    leftOutBecause: why ?? null,
  }))
}

function shownConfig(config: GuestConfig): Record<string, string> {
  const entries = Object.entries(config)
    .filter(([key]) => !LEFT_OUT.has(key))
    .slice(0, MAX_CONFIG_KEYS)
    .map(([key, value]): [string, string] => [key, lineOf(textOf(value) ?? value, 2_000)])
  return Object.fromEntries(entries)
}
