// SPDX-License-Identifier: GPL-3.0-or-later
/** Who may use which volume. */
import { type Call, dies } from './contract.ts'
import type { SimVolume } from './world.ts'
import { storageIdOf } from './volumes.ts'

/** Whether the caller may read a volume. Source: pve-storage `check_volume_access`. */
export function mayAccess(
  call: Call,
  volume: Pick<SimVolume, 'volid' | 'content' | 'vmid'>,
  forVmid?: number,
): boolean {
  const storage = `/storage/${storageIdOf(volume.volid)}`
  if (call.may(storage, 'Datastore.Allocate')) return true
  if (['iso', 'vztmpl', 'import', 'snippets'].includes(volume.content)) {
    return call.may(storage, 'Datastore.AllocateSpace', 'Datastore.Audit')
  }
  if (volume.vmid === undefined) return false
  if (volume.vmid === forVmid) return true
  if (volume.content === 'backup') {
    return (
      call.may(storage, 'Datastore.AllocateSpace') && call.may(`/vms/${volume.vmid}`, 'VM.Backup')
    )
  }
  return call.may(storage, 'Datastore.Audit') && call.may(`/vms/${volume.vmid}`, 'VM.Config.Disk')
}

/** Throws unless the caller may read the volume. */
export function needAccess(
  call: Call,
  volume: Pick<SimVolume, 'volid' | 'content' | 'vmid'>,
  forVmid?: number,
): void {
  if (mayAccess(call, volume, forVmid)) return
  const storage = `/storage/${storageIdOf(volume.volid)}`
  if (volume.content === 'backup' && volume.vmid !== undefined) {
    call.need(storage, 'Datastore.AllocateSpace')
    call.need(`/vms/${volume.vmid}`, 'VM.Backup')
  }
  throw dies(`missing privileges to access ${volume.volid}`)
}
