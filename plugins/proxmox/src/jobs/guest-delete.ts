// SPDX-License-Identifier: GPL-3.0-or-later
/** Removes guests with all their disks. */
import { defineJob, endpoint } from '@sallyport/sdk'
import type { Endpoint, PlannedChange } from '@sallyport/sdk'
import { z } from 'zod'
import { bytesOf } from '../disk-size.ts'
import { disksOf } from '../disks.ts'
import { Changed, changedBy, guestQueryRoutes, seenOf, verdictOf } from '../guest-change.ts'
import type { SeenGuest } from '../guest-change.ts'
import { CONFIG_ROUTES, configOf, coresOf, memoryOf } from '../guest-config.ts'
import type { GuestConfig } from '../guest-config.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectNoTemplate,
  expectState,
  expectUnlocked,
  findGuest,
  findGuestIfAny,
  guestApi,
} from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { LAST_BACKUP_ROUTES, lastBackupOf } from '../last-backup.ts'
import type { LastBackup } from '../last-backup.ts'
import { guestText, instantText, line, lines, planOf, sizeOf, sizeText } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import { SNAPSHOT_ROUTES, snapshotsOf } from '../snapshots.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskToRun } from '../tasks.ts'
import { isTrue } from '../values.ts'

const Delete = GuestRef.extend({
  purge: z
    .boolean()
    .default(false)
    .describe('also take it out of backup jobs, replication, HA and access control lists'),
  template: z.boolean().default(false).describe('say so when the guest is a template'),
})

/** Removes a guest. */
export const guestDelete = defineJob({
  summary: 'Remove a stopped guest with all its disks and snapshots; backups stay',
  effect: 'destroy',
  input: Delete,
  output: Changed,
  resources: GUEST_RESOURCES,
  policyInputs: ['purge', 'template'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      ...CONFIG_ROUTES,
      ...SNAPSHOT_ROUTES,
      ...LAST_BACKUP_ROUTES,
      ...guestQueryRoutes('DELETE', '', { purge: { equals: 1 } }),
      ...taskRoutes('vmid'),
    ]),
  },
  limits: { perMinute: 30, timeoutMs: 1_200_000 },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const config = await configOf(pve, guest)
    expectRemovable(guest, config, input)
    const [{ snapshots }, { lastBackup, notes }] = await Promise.all([
      snapshotsOf(pve, guest),
      lastBackupOf(pve, guest),
    ])
    const seen = {
      guest: seenOf(guest),
      cores: coresOf(guest, config),
      memoryMiB: memoryOf(config),
      volumes: volumesOf(guest, config),
      snapshots: snapshots.map(({ name }) => name),
      isTemplate: guest.isTemplate,
      lastBackup: lastBackup && { storage: lastBackup.storage, createdAt: lastBackup.createdAt },
    }
    return planOf(linesOf(seen, input, notes), seen)
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectRemovable(guest, await configOf(pve, guest), input)
    const end = await runTask(context, {
      ...taskOf(input, use),
      start: () => guestApi(pve, guest).$delete(input.purge ? { purge: true } : {}),
      hasHappened: async () => (await findGuestIfAny(pve, input)) === undefined,
    })
    return changedBy(end)
  },
  resume: async (context) => {
    const { input, use } = context
    return changedBy(await resumeTask(context, taskOf(input, use)))
  },
  verify: ({ input, use }) =>
    verdictOf(async () => {
      const guest = await findGuestIfAny(pveOf(use.pve), input)
      if (guest !== undefined) {
        return { verdict: 'contradicted', message: `guest ${input.vmid} is still there` }
      }
      return { verdict: 'verified', message: `there is no guest ${input.vmid} on ${input.node}` }
    }),
})

function expectRemovable(guest: Guest, config: GuestConfig, input: z.infer<typeof Delete>): void {
  const { vmid, status, haState } = guest
  if (!input.template) expectNoTemplate(guest, 'be removed without template=true')
  expectState(
    !isTrue(config['protection']),
    `guest ${vmid} is protected; take that away first: proxmox/guest.config with protection=false`,
  )
  expectState(
    status === 'stopped' || status === 'suspended',
    `guest ${vmid} is ${status}; stop it first: proxmox/guest.shutdown or proxmox/guest.stop`,
  )
  expectState(
    haState === undefined || input.purge,
    `the HA manager looks after guest ${vmid} (${haState}); say purge=true, which takes it out there too`,
  )
  expectUnlocked(guest)
}

/** What is lost, and what people should weigh. */
function linesOf(
  seen: {
    readonly guest: SeenGuest
    readonly cores: number | null
    readonly memoryMiB: number
    readonly volumes: ReturnType<typeof volumesOf>
    readonly snapshots: readonly string[]
    readonly isTemplate: boolean
    readonly lastBackup: Pick<LastBackup, 'storage' | 'createdAt'> | null
  },
  { purge }: z.infer<typeof Delete>,
  notes: readonly string[],
): PlannedChange[] {
  const { guest, cores, memoryMiB, volumes, snapshots, isTemplate, lastBackup } = seen
  const count = snapshots.length === 1 ? '1 snapshot is' : `${snapshots.length} snapshots are`
  const sizes = volumes.map(({ volume, sizeBytes }) =>
    sizeBytes === null ? volume : `${volume}, ${sizeText(sizeBytes)}`,
  )
  return [
    line('remove', guestText(guest, ...sizeOf(cores, memoryMiB))),
    ...sizes.map((size) => line('remove', `volume ${size}`)),
    ...(purge
      ? [line('remove', 'its places in backup jobs, replication, HA and access lists')]
      : []),
    ...(isTemplate ? [line('warn', 'it is a template')] : []),
    line(
      'warn',
      lastBackup === null
        ? 'no backup of it can be seen'
        : `last backup ${instantText(lastBackup.createdAt)}, on ${lastBackup.storage}`,
    ),
    ...(snapshots.length === 0 ? [] : [line('warn', `${count} lost: ${snapshots.join(', ')}`)]),
    ...lines('warn', notes),
  ]
}

function volumesOf({ kind }: Guest, config: GuestConfig) {
  return disksOf(kind, config)
    .filter(({ volume }) => !volume.startsWith('/'))
    .map(({ key, volume, size }) => ({ key, volume, sizeBytes: bytesOf(size) ?? null }))
}

function taskOf(
  { node, vmid }: GuestRef,
  use: { readonly pve: Endpoint },
): Omit<TaskToRun, 'start'> {
  const types = ['qmdestroy', 'vzdestroy']
  return { pve: pveOf(use.pve), node, types, id: String(vmid), withinMs: 1_140_000 }
}
