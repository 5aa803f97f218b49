// SPDX-License-Identifier: GPL-3.0-or-later
/** Making a template of a guest: its disks become base volumes. */
import { dies } from '../contract.ts'
import { findVolume, placeVolume, removeVolume, storageOf } from '../volumes.ts'
import type { SimGuest, World } from '../world.ts'
import { disksOf } from './disks.ts'
import { kindOf } from './guest.ts'

/** Throws when no template can be made of a guest. */
export function needConvertible(guest: SimGuest): void {
  const kind = kindOf(guest)
  if (guest.snapshots.length > 0)
    throw dies(`unable to create template, because ${kind} contains snapshots`)
  if (guest.isTemplate) throw dies("you can't convert a template to a template")
  if (guest.status !== 'running') return
  throw dies(
    `you can't convert a ${kind} to template if ${guest.type === 'qemu' ? 'VM' : 'the CT'} is running`,
  )
}

/** Makes a template of a guest. */
export function becomeTemplate(world: World, guest: SimGuest): void {
  for (const disk of disksOf(guest.type, guest.config)) {
    const volume = findVolume(world, disk.source, guest.node)
    if (disk.kind !== 'volume' || volume === undefined) continue
    const volid = disk.source.replace(/(?:vm|subvol)-(\d+-disk)/, (text) =>
      text.replace(/^vm|^subvol/, text.startsWith('vm') ? 'base' : 'basevol'),
    )
    removeVolume(world, volume)
    placeVolume(storageOf(world, disk.source.split(':')[0] ?? ''), { ...volume, volid })
    guest.config[disk.key] = String(guest.config[disk.key]).replace(disk.source, volid)
  }
  guest.isTemplate = true
  guest.config['template'] = 1
}
