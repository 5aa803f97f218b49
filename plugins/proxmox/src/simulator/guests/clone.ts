// SPDX-License-Identifier: GPL-3.0-or-later
/** Copies of guests: what they share with the original, and what is their own. */
import { dies } from '../contract.ts'
import { allocateVolume, findVolume, isFileStorage, removeVolume, storageOf } from '../volumes.ts'
import type { SimGuest, SimVolume, World } from '../world.ts'
import { randomUuid, withNewMac } from './config-values.ts'
import { type Disk, disksOf, printSize } from './disks.ts'
import { printProperties } from './property-string.ts'

/** A copy to make. */
export interface ClonePlan {
  readonly source: SimGuest
  /** The configuration to copy: the present one or that of a snapshot. */
  readonly config: SimGuest['config']
  readonly newid: number
  readonly node: string
  readonly isFull: boolean
  readonly storage: string | undefined
  readonly format: string | undefined
  readonly name: string | undefined
  readonly description: string | undefined
}

const NOT_COPIED = /^(?:unused\d+|template|vmstate|description|protection)$/

/** The copy as it is while its disks are being made: locked, with nothing of the original's identity. */
export function emptyClone(world: World, plan: ClonePlan): SimGuest {
  const { source, newid, node } = plan
  const entries = Object.entries(plan.config).filter(([key]) => !NOT_COPIED.test(key))
  const config: SimGuest['config'] = {}
  for (const [key, value] of entries) {
    config[key] = /^net\d+$/.test(key) ? withNewMac(world, source.type, String(value)) : value
  }
  if (source.type === 'qemu') {
    config['name'] = plan.name ?? `Copy-of-VM-${source.config['name'] ?? source.vmid}`
    config['vmgenid'] = randomUuid(world)
    config['smbios1'] = `uuid=${randomUuid(world)}`
  } else if (plan.name !== undefined) config['hostname'] = plan.name
  if (plan.description !== undefined) config['description'] = plan.description
  return {
    ...source,
    vmid: newid,
    node,
    status: 'stopped',
    qmpStatus: 'running',
    startedAtMs: 0,
    config,
    pending: {},
    snapshots: [],
    parent: undefined,
    lock: 'clone',
    isTemplate: false,
    pool: undefined,
    load: { ...source.load },
  }
}

/** Makes the volumes of a copy and names them in its configuration; gives back what was made, also when it throws half-way. */
export function cloneDisks(
  world: World,
  plan: ClonePlan,
  clone: SimGuest,
  made: SimVolume[],
): void {
  for (const disk of disksOf(plan.source.type, plan.config)) {
    const original = findVolume(world, disk.source, plan.source.node)
    if (original === undefined) {
      if (disk.kind === 'volume') throw dies(`volume '${disk.source}' does not exist`)
      continue
    }
    if (original.content === 'iso') continue
    const copy = allocateVolume(world, volumePlan(world, plan, disk, original))
    made.push(copy)
    const rest = [...disk.options].filter(
      ([key]) => key !== '' && key !== 'file' && key !== 'volume' && key !== 'size',
    )
    const size = printSize(original.sizeBytes)
    clone.config[disk.key] = printProperties(new Map([['', copy.volid], ...rest, ['size', size]]))
  }
}

/** Takes back what a copy had begun. */
export function abandonClone(world: World, clone: SimGuest, made: readonly SimVolume[]): void {
  for (const volume of made) removeVolume(world, volume)
  if (world.guests.get(clone.vmid) === clone) world.guests.delete(clone.vmid)
}

/** The lines of the log about one disk. */
export function cloneLog(plan: ClonePlan): string[] {
  const disks = disksOf(plan.source.type, plan.config).filter((disk) => disk.kind === 'volume')
  const what = plan.source.type === 'qemu' ? 'drive' : 'mountpoint'
  return disks.flatMap((disk) => [
    `create ${plan.isFull ? 'full' : 'linked'} clone of ${what} ${disk.key} (${disk.source})`,
    ...(plan.isFull ? [progress(disk, 0), progress(disk, 0.5), progress(disk, 1)] : []),
  ])
}

/** How long the copy of all disks takes. Units: simulated seconds. */
export function cloneSeconds(plan: ClonePlan): number {
  if (!plan.isFull) return 1
  const bytes = disksOf(plan.source.type, plan.config).reduce(
    (sum, disk) => sum + disk.sizeBytes,
    0,
  )
  return 2 + Math.ceil(bytes / (8 * 2 ** 30))
}

function volumePlan(world: World, plan: ClonePlan, disk: Disk, original: SimVolume) {
  const isCloudinit = disk.source.includes('cloudinit')
  const storage = (plan.isFull ? plan.storage : undefined) ?? disk.source.split(':')[0] ?? ''
  const base = {
    storage,
    node: plan.node,
    vmid: plan.newid,
    sizeBytes: original.sizeBytes,
    content: plan.source.type === 'qemu' ? ('images' as const) : ('rootdir' as const),
    ...(isCloudinit ? { kind: 'cloudinit' as const } : {}),
  }
  if (plan.isFull || isCloudinit) {
    const keeps = storage === disk.source.split(':')[0]
    const format = plan.format ?? (keeps ? original.format : undefined)
    const known = plan.source.type === 'lxc' && !keeps ? undefined : format
    return {
      ...base,
      usedBytes: original.usedBytes,
      ...(known === undefined ? {} : { format: known }),
    }
  }
  const format =
    isFileStorage(storageOf(world, storage)) && plan.source.type === 'qemu'
      ? 'qcow2'
      : original.format
  return { ...base, usedBytes: 0, format, parent: original.volid }
}

function progress(disk: Disk, share: number): string {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1)
  return `transferred ${gib(disk.sizeBytes * share)} GiB of ${gib(disk.sizeBytes)} GiB (${(share * 100).toFixed(2)}%)`
}
