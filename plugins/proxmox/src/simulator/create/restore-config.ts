// SPDX-License-Identifier: GPL-3.0-or-later
/** The configuration of a guest that is restored: its volumes made anew, its addresses when it shall be another one. */
import { isLeftOut } from '../backup/backup-volumes.ts'
import { randomUuid, withNewMac } from '../guests/config-values.ts'
import { type Disk, disksOf, isUnusedKey } from '../guests/disks.ts'
import { flagOf } from '../guests/params.ts'
import { printProperties, withProperties } from '../guests/property-string.ts'
import { allocateVolume, findVolume, removeVolume, storageIdOf, usableStorage } from '../volumes.ts'
import type { SimGuest, World } from '../world.ts'
import type { CreatePlan } from './create-plan.ts'

const NOT_RESTORED = new Set(['template', 'lock', 'parent', 'vmstate', 'digest'])

/** Puts what the backup holds into the guest and gives the lines of the log; those that warn begin with `WARN: `. */
export function restoreInto(plan: CreatePlan, guest: SimGuest): string[] {
  const saved = plan.backup?.saved?.config ?? {}
  const entries = Object.entries(saved).filter(
    ([key]) => !NOT_RESTORED.has(key) && !isUnusedKey(key),
  )
  removeOwnVolumes(plan.world, guest)
  guest.config = Object.fromEntries(entries)
  guest.pending = {}
  guest.snapshots = []
  guest.parent = undefined
  const lines = disksOf(guest.type, guest.config).flatMap((disk) => restoreDisk(plan, guest, disk))
  if (flagOf(plan.call, 'unique')) makeUnique(plan.world, guest)
  return lines
}

/** The volumes that the guest had before go. */
function removeOwnVolumes(world: World, guest: SimGuest): void {
  for (const disk of disksOf(guest.type, guest.config, true)) {
    const volume = findVolume(world, disk.source, guest.node)
    if (volume?.vmid === guest.vmid) removeVolume(world, volume)
  }
}

function restoreDisk(plan: CreatePlan, guest: SimGuest, disk: Disk): string[] {
  if (disk.kind === 'cdrom') return restoreCdrom(plan, guest, disk)
  if (disk.kind !== 'volume') {
    if (plan.call.user === 'root@pam') return []
    delete guest.config[disk.key]
    return [`WARN: not restoring ${disk.kind} mount '${disk.key}' - only root@pam may`]
  }
  if (guest.type === 'qemu' && isLeftOut(guest, disk)) {
    delete guest.config[disk.key]
    return [`drive '${disk.key}' is not in the backup`]
  }
  const volid = newVolume(plan, guest, disk)
  guest.config[disk.key] = printProperties(new Map([['', volid], ...withoutSource(disk)]))
  return [`restored ${guest.type === 'qemu' ? 'drive' : 'mount point'} '${disk.key}' to '${volid}'`]
}

/** A disk for cloud-init is made anew, other media stay in the drive. */
function restoreCdrom(plan: CreatePlan, guest: SimGuest, disk: Disk): string[] {
  if (!disk.source.includes('cloudinit')) return []
  const storage = plan.storage ?? storageIdOf(disk.source)
  const { volid } = allocateVolume(plan.world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes: 4 * 2 ** 20,
    content: 'images',
    kind: 'cloudinit',
  })
  guest.config[disk.key] = `${volid},media=cdrom,size=4M`
  return []
}

function newVolume(plan: CreatePlan, guest: SimGuest, disk: Disk): string {
  const content = guest.type === 'qemu' ? 'images' : 'rootdir'
  const storage = usableStorage(
    plan.world,
    plan.storage ?? storageIdOf(disk.source),
    guest.node,
    content,
  )
  return allocateVolume(plan.world, {
    storage: storage.id,
    node: guest.node,
    vmid: guest.vmid,
    sizeBytes: disk.sizeBytes,
    usedBytes: Math.round(disk.sizeBytes * 0.2),
    content,
  }).volid
}

function withoutSource(disk: Disk): [string, string][] {
  return [...disk.options].filter(([key]) => !['', 'file', 'volume'].includes(key))
}

/** Other addresses and identities than those of the guest that was backed up. */
function makeUnique(world: World, guest: SimGuest): void {
  for (const [key, value] of Object.entries(guest.config)) {
    if (/^net\d+$/.test(key)) guest.config[key] = withNewMac(world, guest.type, String(value))
  }
  if (guest.type !== 'qemu') return
  guest.config['vmgenid'] = randomUuid(world)
  guest.config['smbios1'] = withProperties(String(guest.config['smbios1'] ?? 'uuid='), {
    uuid: randomUuid(world),
  })
}
