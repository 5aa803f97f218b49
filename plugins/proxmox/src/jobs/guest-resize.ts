// SPDX-License-Identifier: GPL-3.0-or-later
/** Gives guests more room: disks, processors, memory. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import {
  planSettings,
  resumeSettings,
  runSettings,
  settingsPlan,
  verifySettings,
} from '../change-settings.ts'
import type { GuestCheck } from '../change-settings.ts'
import { DiskSize, bytesOf } from '../disk-size.ts'
import { disksOf } from '../disks.ts'
import type { GuestDisk } from '../disks.ts'
import { Changed, changedBy, guestRoutes, unchanged, verdictOf } from '../guest-change.ts'
import { CONFIG_ROUTES, PENDING_ROUTES, configOf } from '../guest-config.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectNoTemplate,
  expectState,
  expectUnlocked,
  findGuest,
  lxcOf,
  qemuOf,
} from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskToRun } from '../tasks.ts'

const DISK_KEY = /^(?:(?:ide|sata|scsi|virtio|mp)(?:0|[1-9][0-9]{0,2})|efidisk0|tpmstate0|rootfs)$/

const Resize = GuestRef.extend({
  disk: z.string().regex(DISK_KEY).optional().describe('the disk to grow: "scsi0", "rootfs"'),
  size: DiskSize.optional().describe('the size it shall have in all: "64G"; disks only grow'),
  cores: z.int().min(1).max(1_024).optional().describe('processors; of a machine, per socket'),
  memoryMiB: z.int().min(16).max(16_777_216).optional().describe('memory'),
}).refine(({ disk, size, cores, memoryMiB }) => {
  const wantsDisk = disk !== undefined && size !== undefined
  const wantsMore = cores !== undefined || memoryMiB !== undefined
  return (disk === undefined) === (size === undefined) && wantsDisk !== wantsMore
}, 'say either disk and size, or cores and memoryMiB, in one job')
type Resize = z.infer<typeof Resize>

/** The input, when it is about a disk. */
type DiskResize = GuestRef & { readonly disk: string; readonly size: string }

/** Gives a guest more room. */
export const guestResize = defineJob({
  summary: 'Grow a disk of a guest, or set its processors and memory',
  effect: 'change',
  input: Resize,
  output: Changed,
  resources: {
    ...GUEST_RESOURCES,
    disk: 'disk',
    size: 'size',
    cores: 'cores',
    memoryMiB: 'memoryMiB',
  },
  policyInputs: ['disk', 'cores', 'memoryMiB'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      ...CONFIG_ROUTES,
      ...PENDING_ROUTES,
      ...guestRoutes('PUT', '/resize', {
        disk: { resource: 'disk', required: true },
        size: { resource: 'size', required: true },
      }),
      ...(['qemu', 'lxc'] as const).map((kind) =>
        route(`PUT /nodes/{node}/${kind}/{vmid}/config`, {
          body: {
            digest: { pattern: '[0-9a-f]{40}' },
            cores: { resource: 'cores' },
            memory: { resource: 'memoryMiB' },
          },
          others: 'forbidden',
        }),
      ),
      ...taskRoutes('vmid'),
    ]),
  },
  limits: { perMinute: 20, timeoutMs: 600_000 },
  async plan(context) {
    const { input, use } = context
    if (!isAboutDisk(input)) return planSettings(context, noTemplate)
    const { guest, disk, isDone } = await seen(pveOf(use.pve), input)
    const grown = { setting: disk.key, from: disk.size ?? null, to: input.size }
    return settingsPlan(guest, isDone ? [] : [grown])
  },
  async run(context) {
    const { input, use } = context
    if (!isAboutDisk(input)) return runSettings(context, noTemplate)
    const pve = pveOf(use.pve)
    const { guest, disk, isDone } = await seen(pve, input)
    if (isDone) return unchanged(`${disk.key} had ${input.size} already`)
    const params = { disk: input.disk, size: input.size } as never
    const { resize } = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
    const end = await runTask(context, {
      ...taskOf(input, use),
      start: () => resize.$put(params),
      hasHappened: async () => (await seen(pve, input)).isDone,
    })
    return changedBy(end, 'the file system inside is the guest’s own to grow')
  },
  async resume(context) {
    const { input, use } = context
    if (!isAboutDisk(input)) return resumeSettings(context)
    return changedBy(await resumeTask(context, taskOf(input, use)))
  },
  verify(context) {
    const { input, use } = context
    if (!isAboutDisk(input)) return verifySettings(context)
    return verdictOf(async () => {
      const { disk, isDone } = await seen(pveOf(use.pve), input)
      const message = `${disk.key} has ${disk.size ?? 'no size'}`
      return { verdict: isDone ? 'verified' : 'contradicted', message }
    })
  },
})

const noTemplate: GuestCheck = (guest) => expectNoTemplate(guest, 'be resized')

function isAboutDisk(input: Resize): input is Resize & DiskResize {
  return input.disk !== undefined
}

interface SeenDisk {
  readonly guest: Guest
  readonly disk: GuestDisk
  readonly isDone: boolean
}

/** The disk as it is. Throws: ERR_PVE_STATE when it is not there or larger. */
async function seen(pve: Pve, input: DiskResize): Promise<SeenDisk> {
  const guest = await findGuest(pve, input)
  noTemplate(guest)
  const disks = disksOf(guest.kind, await configOf(pve, guest))
  const disk = disks.find(({ key }) => key === input.disk)
  const keys = disks.map(({ key }) => key).join(', ')
  expectState(
    disk !== undefined,
    `guest ${guest.vmid} has no disk ${input.disk}; it has: ${keys || 'none'}`,
  )
  expectState(
    !disk!.volume.startsWith('/'),
    `${input.disk} is ${disk!.volume} of the host, which Proxmox VE does not resize`,
  )
  const [now = 0, wanted = 0] = [bytesOf(disk!.size), bytesOf(input.size)]
  expectState(now <= wanted, `${input.disk} has ${disk!.size}; Proxmox VE lets disks grow only`)
  if (now !== wanted) expectUnlocked(guest)
  return { guest, disk: disk!, isDone: now === wanted }
}

function taskOf(
  { node, vmid }: GuestRef,
  use: { readonly pve: Endpoint },
): Omit<TaskToRun, 'start'> {
  return { pve: pveOf(use.pve), node, types: ['resize'], id: String(vmid), withinMs: 540_000 }
}
