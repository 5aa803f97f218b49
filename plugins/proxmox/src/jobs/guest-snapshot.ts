// SPDX-License-Identifier: GPL-3.0-or-later
/** Takes and lists snapshots of guests, goes back to them and removes them. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { Endpoint, FieldScope, Permission, RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import {
  Changed,
  changedBy,
  guestQueryRoutes,
  guestRoutes,
  seenOf,
  unchanged,
  verdictOf,
} from '../guest-change.ts'
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
  guestApi,
  lxcOf,
  qemuOf,
} from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { SNAPSHOT_ROUTES, Snapshot, SnapshotName, snapshotsOf } from '../snapshots.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskToRun } from '../tasks.ts'

const WITHIN_MS = 1_740_000
const LIMITS = { perMinute: 20, timeoutMs: 1_800_000 }
const RESOURCES = { ...GUEST_RESOURCES, snapshot: 'snapshot' } as const

const FIELDS: FieldScope['fields'] = {
  snapname: { resource: 'snapshot', required: true },
  description: { pattern: '[^]{0,1000}' },
}

const OneSnapshot = GuestRef.extend({ snapshot: SnapshotName.describe('the name of the snapshot') })

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
  resources: RESOURCES,
  permissions: {
    pve: permissionOf([
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
  limits: LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectCreatable(pve, guest, input)
    return { guest: seenOf(guest), creates: input.snapshot, withMemory: input.withMemory }
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectCreatable(pve, guest, input)
    const { snapshot: snapname, description, withMemory } = input
    const fields = { snapname, ...(description !== undefined && { description }) }
    const end = await runTask(context, {
      ...taskOf(context, 'snapshot'),
      start: () =>
        guest.kind === 'qemu'
          ? qemuOf(pve, guest).snapshot.$post({ ...fields, vmstate: withMemory })
          : lxcOf(pve, guest).snapshot.$post(fields),
      hasHappened: () => hasSnapshot(pve, guest, snapname),
    })
    return changedBy(end)
  },
  resume: async (context) => changedBy(await resumeTask(context, taskOf(context, 'snapshot'))),
  verify: ({ input, use }) =>
    verdictOf(async () => {
      const pve = pveOf(use.pve)
      const isThere = await hasSnapshot(pve, await findGuest(pve, input), input.snapshot)
      const message = `snapshot ${input.snapshot} is ${isThere ? 'there' : 'not there'}`
      return { verdict: isThere ? 'verified' : 'contradicted', message }
    }),
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

const Rollback = OneSnapshot.extend({
  start: z.boolean().default(false).describe('start the guest afterwards'),
})

/** Goes back to a snapshot. */
export const snapshotRollback = defineJob({
  summary: 'Take a guest back to a snapshot; what was written since then is lost',
  effect: 'destroy',
  input: Rollback,
  output: Changed,
  resources: RESOURCES,
  permissions: {
    pve: permissionOf(
      guestRoutes('POST', '/snapshot/{snapshot}/rollback', { start: { oneOf: [0, 1] } }),
    ),
  },
  limits: LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const { snapshot, newer } = await expectRollback(pve, guest, input)
    return {
      guest: seenOf(guest),
      backTo: snapshot,
      loses: `everything written since ${snapshot.takenAt ?? 'the snapshot'}`,
      notes: [
        ...(guest.status === 'stopped' ? [] : ['the guest is stopped for it, at once']),
        ...(newer.length === 0 ? [] : [`newer snapshots: ${newer.join(', ')}`]),
      ],
    }
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectRollback(pve, guest, input)
    const end = await runTask(context, {
      ...taskOf(context, 'rollback'),
      start: () =>
        guestApi(pve, guest).snapshot.$(input.snapshot).rollback.$post({ start: input.start }),
    })
    return changedBy(end)
  },
  resume: async (context) => changedBy(await resumeTask(context, taskOf(context, 'rollback'))),
  verify: ({ input, use }) =>
    verdictOf(async () => {
      const pve = pveOf(use.pve)
      const { currentParent } = await snapshotsOf(pve, await findGuest(pve, input))
      const message = `the present state descends from ${currentParent ?? 'no snapshot'}`
      const isSo = currentParent === input.snapshot
      return { verdict: isSo ? 'verified' : 'contradicted', message }
    }),
})

/** Removes a snapshot. */
export const snapshotDelete = defineJob({
  summary: 'Remove a snapshot of a guest; its present state stays',
  effect: 'destroy',
  input: OneSnapshot,
  output: Changed,
  resources: RESOURCES,
  permissions: { pve: permissionOf(guestQueryRoutes('DELETE', '/snapshot/{snapshot}')) },
  limits: LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectNoTemplate(guest, 'have snapshots')
    const { snapshots } = await snapshotsOf(pve, guest)
    const removes = snapshots.find(({ name }) => name === input.snapshot) ?? null
    if (removes !== null) expectUnlocked(guest)
    const notes = removes === null ? ['there is no such snapshot; nothing is to be done'] : []
    return { guest: seenOf(guest), removes, notes }
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectNoTemplate(guest, 'have snapshots')
    const { snapshot } = input
    if (!(await hasSnapshot(pve, guest, snapshot))) return unchanged('there was no such snapshot')
    expectUnlocked(guest)
    const end = await runTask(context, {
      ...taskOf(context, 'delsnapshot'),
      start: () => guestApi(pve, guest).snapshot.$(snapshot).$delete(),
      hasHappened: async () => !(await hasSnapshot(pve, guest, snapshot)),
    })
    return changedBy(end)
  },
  resume: async (context) => changedBy(await resumeTask(context, taskOf(context, 'delsnapshot'))),
  verify: ({ input, use }) =>
    verdictOf(async () => {
      const pve = pveOf(use.pve)
      const isThere = await hasSnapshot(pve, await findGuest(pve, input), input.snapshot)
      const message = `snapshot ${input.snapshot} is ${isThere ? 'still there' : 'gone'}`
      return { verdict: isThere ? 'contradicted' : 'verified', message }
    }),
})

function permissionOf(routes: readonly RouteScope[]): Permission<'endpoint'> {
  return endpoint('pve', [...GUEST_ROUTES, ...SNAPSHOT_ROUTES, ...routes, ...taskRoutes('vmid')])
}

function taskOf(
  context: { readonly input: GuestRef; readonly use: { readonly pve: Endpoint } },
  what: 'snapshot' | 'rollback' | 'delsnapshot',
): Omit<TaskToRun, 'start'> {
  const { node, vmid } = context.input
  const types = [`qm${what}`, `vz${what}`]
  return { pve: pveOf(context.use.pve), node, types, id: String(vmid), withinMs: WITHIN_MS }
}

async function hasSnapshot(pve: Pve, guest: Guest, wanted: string): Promise<boolean> {
  const { snapshots } = await snapshotsOf(pve, guest)
  return snapshots.some(({ name }) => name === wanted)
}

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

async function expectRollback(
  pve: Pve,
  guest: Guest,
  input: z.infer<typeof Rollback>,
): Promise<{ readonly snapshot: Snapshot; readonly newer: readonly string[] }> {
  expectNoTemplate(guest, 'have snapshots')
  expectUnlocked(guest)
  const { snapshots } = await snapshotsOf(pve, guest)
  const at = snapshots.findIndex(({ name }) => name === input.snapshot)
  const names = snapshots.map(({ name }) => name).join(', ') || 'none'
  expectState(at >= 0, `guest ${guest.vmid} has no snapshot ${input.snapshot}; it has: ${names}`)
  return { snapshot: snapshots[at]!, newer: snapshots.slice(at + 1).map(({ name }) => name) }
}
