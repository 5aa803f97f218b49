// SPDX-License-Identifier: GPL-3.0-or-later
/** Removes guests with all their disks. */
import { defineJob, endpoint } from '@sallyport/sdk'
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { bytesOf } from '../disk-size.ts'
import { disksOf } from '../disks.ts'
import { Changed, changedBy, guestQueryRoutes, seenOf, verdictOf } from '../guest-change.ts'
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
  limits: { perMinute: 10, timeoutMs: 1_200_000 },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const config = await configOf(pve, guest)
    expectRemovable(guest, config, input)
    const [{ snapshots }, { lastBackup, notes }] = await Promise.all([
      snapshotsOf(pve, guest),
      lastBackupOf(pve, guest),
    ])
    return {
      guest: seenOf(guest),
      cores: coresOf(guest, config),
      memoryMiB: memoryOf(config),
      removesVolumes: volumesOf(guest, config),
      losesSnapshots: snapshots.map(({ name }) => name),
      isTemplate: guest.isTemplate,
      purge: input.purge,
      lastBackup,
      notes: lastBackup === null ? ['no backup of it can be seen', ...notes] : notes,
    }
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
