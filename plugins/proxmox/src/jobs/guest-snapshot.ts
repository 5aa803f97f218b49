// SPDX-License-Identifier: GPL-3.0-or-later
/** Takes and lists snapshots of guests. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { FieldScope } from '@sallyport/sdk'
import { z } from 'zod'
import { Changed, changedBy, seenOf } from '../guest-change.ts'
import {
  CONFIG_ROUTES,
  FEATURE_ROUTES,
  canSnapshot,
  configOf,
  hostMountsOf,
} from '../guest-config.ts'
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
import { guestText, line, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import {
  OneSnapshot,
  SNAPSHOT_LIMITS,
  SNAPSHOT_RESOURCES,
  hasSnapshot,
  snapshotPermission,
  snapshotTask,
  verifySnapshot,
} from '../snapshot-change.ts'
import { SNAPSHOT_ROUTES, Snapshot, snapshotsOf } from '../snapshots.ts'
import { resumeTask, runTask } from '../tasks.ts'

const FIELDS: FieldScope['fields'] = {
  snapname: { resource: 'snapshot', required: true },
  description: { pattern: '[^]{0,1000}' },
}

const Create = OneSnapshot.extend({
  description: z.string().max(1_000).optional().describe('what people read beside the name'),
  withMemory: z
    .boolean()
    .default(false)
    .describe('keep the memory of a running machine too; it stands still meanwhile'),
})

/** Takes a snapshot. */
export const snapshotCreate = defineJob({
  summary: 'Take a snapshot of a guest; refused early for a container with a folder of the host',
  effect: 'change',
  input: Create,
  output: Changed,
  resources: SNAPSHOT_RESOURCES,
  policyInputs: ['withMemory'],
  permissions: {
    pve: snapshotPermission([
      ...CONFIG_ROUTES,
      ...FEATURE_ROUTES,
      route('POST /nodes/{node}/qemu/{vmid}/snapshot', {
        body: { ...FIELDS, vmstate: { oneOf: [0, 1] } },
        others: 'forbidden',
      }),
      route('POST /nodes/{node}/lxc/{vmid}/snapshot', {
        body: FIELDS,
        others: 'forbidden',
      }),
    ]),
  },
  limits: SNAPSHOT_LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectCreatable(pve, guest, input)
    const memory = input.withMemory ? ', with its memory; it stands still meanwhile' : ''
    const change = line('add', `snapshot ${input.snapshot} of ${guestText(guest)}${memory}`)
    return planOf([change], { guest: seenOf(guest) })
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectCreatable(pve, guest, input)
    const { snapshot: snapname, description, withMemory } = input
    const fields = { snapname, ...(description !== undefined && { description }) }
    const end = await runTask(context, {
      ...snapshotTask(context, 'snapshot'),
      start: () =>
        guest.kind === 'qemu'
          ? qemuOf(pve, guest).snapshot.$post({ ...fields, vmstate: withMemory })
          : lxcOf(pve, guest).snapshot.$post(fields),
      hasHappened: () => hasSnapshot(pve, guest, snapname),
    })
    return changedBy(end)
  },
  resume: async (context) =>
    changedBy(await resumeTask(context, snapshotTask(context, 'snapshot'))),
  verify: ({ input, use }) => verifySnapshot(pveOf(use.pve), input, 'there'),
})

/** Lists snapshots. */
export const snapshotList = defineJob({
  summary: 'List the snapshots of a guest, and which of them its present state descends from',
  effect: 'read',
  input: GuestRef,
  output: z.object({
    snapshots: z.array(Snapshot),
    currentParent: z.string().nullable().describe('what the present state descends from'),
  }),
  resources: GUEST_RESOURCES,
  permissions: { pve: endpoint('pve', [...GUEST_ROUTES, ...SNAPSHOT_ROUTES]) },
  limits: { perMinute: 60, timeoutMs: 60_000 },
  async run({ input, use }) {
    const pve = pveOf(use.pve)
    return snapshotsOf(pve, await findGuest(pve, input))
  },
})

async function expectCreatable(
  pve: Pve,
  guest: Guest,
  input: z.infer<typeof Create>,
): Promise<void> {
  const { vmid } = guest
  expectNoTemplate(guest, 'have snapshots')
  expectUnlocked(guest)
  const runs = guest.kind === 'qemu' && guest.status !== 'stopped'
  expectState(
    !input.withMemory || runs,
    `guest ${vmid} has no memory to keep: only a running machine has; leave withMemory out`,
  )
  const mounts = hostMountsOf(guest, await configOf(pve, guest))
  const shown = mounts.map(({ key, hostPath }) => `${key} (${hostPath})`).join(', ')
  expectState(
    mounts.length === 0,
    `Proxmox VE takes no snapshot of container ${vmid} while it has a folder or device of the host as a mount point: ${shown}; mount it by a line "lxc.mount.entry" in /etc/pve/lxc/${vmid}.conf in its place, which Proxmox VE does not look at`,
  )
  expectState(
    await canSnapshot(pve, guest),
    `a storage that guest ${vmid} has a disk on takes no snapshots; move the disk, or make a backup with proxmox/guest.backup`,
  )
  expectState(
    !(await hasSnapshot(pve, guest, input.snapshot)),
    `guest ${vmid} has a snapshot ${input.snapshot} already; take another name`,
  )
}
