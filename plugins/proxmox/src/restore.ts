// SPDX-License-Identifier: GPL-3.0-or-later
/** Putting a guest back from a backup: what must hold before, the request, and what is done to it afterwards. */
import { route } from '@sallyport/sdk'
import type { Constraint, Plan, RouteScope } from '@sallyport/sdk'
import { z } from 'zod'
import { kindOfArchive } from './backups.ts'
import { disksOf } from './disks.ts'
import { pveFailed } from './errors.ts'
import { freeNumberRoute, isFree } from './free-number.ts'
import {
  GUEST_ROUTES,
  GuestRef,
  expectState,
  expectUnlocked,
  findGuestIfAny,
  lxcOf,
  qemuOf,
} from './guest-ref.ts'
import type { Guest, GuestKind } from './guest-ref.ts'
import { seenOf } from './guest-change.ts'
import type { SeenGuest } from './guest-change.ts'
import { orHalfMade } from './half-made.ts'
import { configOf, configRoutes, identityIn, writeConfig } from './identity.ts'
import type { Identity } from './identity.ts'
import { orConfirm } from './lost.ts'
import { GuestName, StorageName } from './names.ts'
import { guestText, line, lines, planOf } from './plan-lines.ts'
import type { Pve } from './pve.ts'
import { storageRoute, usableStorage } from './storage-state.ts'
import { resumeTask, runTask, taskRoutes } from './tasks.ts'
import type { StartContext } from './tasks.ts'
import type { FollowContext } from './follow-task.ts'
import { isTrue } from './values.ts'

/** What every restore takes. */
export const RestoreRef = GuestRef.extend({
  node: GuestRef.shape.node.describe('the node on which the guest is put back'),
  vmid: GuestRef.shape.vmid.describe('the number under which it is put back'),
  storage: StorageName.optional().describe('where its disks go; where they were unless given'),
  overwrite: z
    .boolean()
    .default(false)
    .describe('put it in the place of a stopped guest of this number, which is lost by it'),
  unique: z
    .boolean()
    .default(false)
    .describe('give it new network addresses, for a second guest beside the first'),
  name: GuestName.optional().describe(
    'its new name and host name; the one in the backup unless given',
  ),
  start: z.boolean().default(false).describe('whether to start it'),
})
/** What every restore takes. */
export type RestoreRef = z.infer<typeof RestoreRef>

/** The resources of every restore. */
export const RESTORE_RESOURCES = {
  node: 'node',
  vmid: 'vmid',
  storage: 'storage',
  name: 'name',
} as const

/** What a restored guest is. */
export const Restored = z.object({
  changed: z.literal(true),
  vmid: z.number(),
  node: z.string(),
  kind: z.enum(['qemu', 'lxc']),
  archive: z.string(),
  name: z.string().nullable(),
  macs: z.record(z.string(), z.string()).describe('by network card'),
  status: z.string(),
  notes: z.array(z.string()),
})
/** What a restored guest is. */
export type Restored = z.infer<typeof Restored>

/** The routes of every restore; `archive` says which backups a body may name. */
export function restoreRoutes(archive: Constraint): RouteScope[] {
  const shared: Readonly<Record<string, Constraint>> = {
    vmid: { resource: 'vmid', required: true },
    storage: { resource: 'storage' },
    force: { equals: 1 },
    unique: { equals: 1 },
  }
  const named = { ...archive, required: true } as Constraint
  const nothing = { body: {}, others: 'forbidden' } as const
  return [
    ...GUEST_ROUTES,
    ...configRoutes(),
    freeNumberRoute('vmid'),
    storageRoute(),
    ...taskRoutes('vmid'),
    route('POST /nodes/{node}/qemu', { body: { ...shared, archive: named }, others: 'forbidden' }),
    route('POST /nodes/{node}/lxc', {
      body: { ...shared, ostemplate: named, restore: { equals: 1, required: true } },
      others: 'forbidden',
    }),
    route('PUT /nodes/{node}/qemu/{vmid}/config', {
      body: { name: { resource: 'name', required: true } },
      others: 'forbidden',
    }),
    route('PUT /nodes/{node}/lxc/{vmid}/config', {
      body: { hostname: { resource: 'name', required: true } },
      others: 'forbidden',
    }),
    route('POST /nodes/{node}/qemu/{vmid}/status/start', nothing),
    route('POST /nodes/{node}/lxc/{vmid}/status/start', nothing),
  ]
}

/** What a restore goes by. Holds nothing that changes by itself. */
export interface RestoreState {
  readonly archive: string
  readonly kind: GuestKind
  /** The guest that is lost by it. */
  readonly replaces: ReplacedGuest | null
  readonly steps: readonly RestoreStep[]
  readonly notes: readonly string[]
}

/** The guest that is lost by a restore. */
export interface ReplacedGuest {
  readonly guest: SeenGuest
  readonly volumes: readonly string[]
}

/** The steps by name. */
export type RestoreStep = 'restore' | 'name' | 'start'

/** Looks whether a restore is possible. Throws: ERR_PVE_… with the reason when it is not. */
export async function planRestore(
  pve: Pve,
  wish: RestoreRef,
  archive: string,
): Promise<Plan<RestoreState>> {
  const kind = kindOfArchive(archive)
  if (kind === undefined) {
    throw pveFailed('ERR_PVE_NO_BACKUP', `${archive} is no backup of a machine or container`, {
      details: { archive, effect: 'none' },
    })
  }
  const { vmid, node, storage } = wish
  const present = await findGuestIfAny(pve, wish)
  if (present === undefined) await expectNotElsewhere(pve, wish)
  const volumes = present === undefined ? [] : await expectReplaceable(pve, present, wish, kind)
  if (storage !== undefined) {
    await usableStorage(pve, { node, storage }, kind === 'qemu' ? 'images' : 'rootdir')
  }
  const notes = notesOf(wish, present)
  const state = {
    archive,
    kind,
    replaces: present === undefined ? null : { guest: seenOf(present), volumes },
    steps: stepsOf(wish),
    notes,
  }
  const lost = present === undefined ? [] : [line('remove', guestText(present))]
  const disks = storage === undefined ? '' : `, its disks on ${storage}`
  const changes = [
    ...lost,
    ...volumes.map((volume) => line('remove', `volume ${volume}`)),
    line('add', `${guestText({ vmid, name: wish.name, kind })} on ${node} from ${archive}${disks}`),
    ...(wish.start ? [line('change', 'it is started')] : []),
    ...lines('warn', notes),
  ]
  return planOf(changes, state)
}

function stepsOf({ name, start }: RestoreRef): RestoreStep[] {
  return [
    'restore',
    ...(name === undefined ? [] : ['name' as const]),
    ...(start ? ['start' as const] : []),
  ]
}

function notesOf(wish: RestoreRef, present: Guest | undefined): string[] {
  if (present !== undefined) return ['disks and snapshots of the present guest are lost']
  return wish.unique
    ? []
    : ['it has the addresses of the guest in the backup: the two must not run together']
}

async function expectNotElsewhere(pve: Pve, { vmid, node }: RestoreRef): Promise<void> {
  if (await isFree(pve, vmid)) return
  throw pveFailed(
    'ERR_PVE_VMID_TAKEN',
    `there is a guest ${vmid}, and it is not on ${node}; restore it on its own node, or under another number`,
    { details: { vmid, effect: 'none' } },
  )
}

/** The volumes of the guest that is there. Throws: ERR_PVE_… when it is not to be lost. */
async function expectReplaceable(
  pve: Pve,
  guest: Guest,
  wish: RestoreRef,
  kind: GuestKind,
): Promise<string[]> {
  const { vmid } = wish
  if (!wish.overwrite) {
    throw pveFailed(
      'ERR_PVE_VMID_TAKEN',
      `there is a guest ${vmid} already: give overwrite=true to put the backup in its place, or take another number`,
      { details: { vmid, effect: 'none' } },
    )
  }
  expectState(guest.kind === kind, `guest ${vmid} is ${guest.kind} and the backup is ${kind}`)
  expectState(guest.status === 'stopped', `guest ${vmid} runs: stop it before it is overwritten`)
  expectUnlocked(guest)
  const config = await configOf(pve, guest)
  expectState(!isTrue(config['protection']), `guest ${vmid} is protected against removal`)
  return disksOf(kind, config)
    .map(({ volume }) => volume)
    .filter((volume) => !volume.startsWith('/'))
}

/** What a restore needs to know. */
export interface Restore {
  readonly pve: Pve
  readonly wish: RestoreRef
  readonly plan: RestoreState
}

const WITHIN_MS = 79_200_000
const START_WITHIN_MS = 300_000

/** Restores step by step; keeps before each where it is. */
export async function restore(context: StartContext, made: Restore): Promise<Restored> {
  const { pve, wish, plan } = made
  const notes: string[] = []
  for (const [at, step] of plan.steps.entries()) {
    const progress = { done: plan.steps.slice(0, at), missing: plan.steps.slice(at) }
    const within: StartContext = {
      signal: context.signal,
      progress: (message) => context.progress(message),
      keep: (task) => context.keep({ step, task }),
    }
    const run = (): Promise<string[]> => doStep(within, made, step)
    notes.push(...(await orHalfMade({ pve, guest: wish, progress }, run)))
  }
  return restoredOf(made, notes)
}

async function doStep(context: StartContext, made: Restore, step: RestoreStep): Promise<string[]> {
  const { pve, wish, plan } = made
  if (step !== 'name') return (await runTask(context, taskOf(made, step))).notes
  await context.keep({ name: wish.name })
  const key = plan.kind === 'qemu' ? 'name' : 'hostname'
  const guest = { node: wish.node, vmid: wish.vmid, kind: plan.kind }
  const write = (): Promise<void> => writeConfig(pve, guest, { [key]: wish.name ?? '' })
  await orConfirm(write, () => confirmName(made))
  return []
}

function taskOf(
  { pve, wish, plan }: Restore,
  step: 'restore' | 'start',
): Parameters<typeof runTask>[1] {
  const { node, vmid } = wish
  const shared = { pve, node, id: String(vmid) }
  if (step === 'restore') {
    const types = plan.kind === 'qemu' ? ['qmrestore'] : ['vzrestore']
    return { ...shared, types, withinMs: WITHIN_MS, start: () => startRestore(pve, wish, plan) }
  }
  return {
    ...shared,
    types: plan.kind === 'qemu' ? ['qmstart', 'hastart'] : ['vzstart', 'hastart'],
    withinMs: START_WITHIN_MS,
    start: () => {
      const { status } = plan.kind === 'qemu' ? qemuOf(pve, wish) : lxcOf(pve, wish)
      return status.start.$post()
    },
    hasHappened: async () => (await findGuestIfAny(pve, wish))?.status === 'running',
  }
}

function startRestore(pve: Pve, wish: RestoreRef, plan: RestoreState): Promise<unknown> {
  const { node, vmid, storage, unique } = wish
  const shared = {
    vmid,
    ...(storage !== undefined && { storage }),
    ...(plan.replaces !== null && { force: true }),
    ...(unique && { unique: true }),
  }
  const { qemu, lxc } = pve.nodes.$(node)
  return plan.kind === 'qemu'
    ? qemu.$post({ ...shared, archive: plan.archive })
    : lxc.$post({ ...shared, ostemplate: plan.archive, restore: true })
}

/**
 * Finds out how far a restore came that was not seen to its end. Only looks.
 *
 * Throws: ERR_PVE_HALF_MADE with what is done and what is missing, unless everything is.
 */
export async function resumeRestore(
  context: FollowContext & { readonly kept: unknown },
  made: Restore,
): Promise<Restored> {
  const { pve, wish, plan } = made
  const { step, task } = (context.kept ?? {}) as { step?: unknown; task?: unknown }
  const at = Math.max(
    0,
    plan.steps.findIndex((each) => each === step),
  )
  const current = plan.steps[at]!
  const progress = { done: plan.steps.slice(0, at), missing: plan.steps.slice(at) }
  const notes = await orHalfMade({ pve, guest: wish, progress }, async () => {
    if (current === 'name') return confirmName(made)
    return (await resumeTask({ ...context, kept: task }, taskOf(made, current))).notes
  })
  if (at === plan.steps.length - 1) return restoredOf(made, notes)
  const left = { done: plan.steps.slice(0, at + 1), missing: plan.steps.slice(at + 1) }
  return orHalfMade({ pve, guest: wish, progress: left }, () => Promise.reject(interrupted()))
}

async function confirmName(made: Restore): Promise<string[]> {
  if ((await identityOf(made)).name === made.wish.name) return []
  throw pveFailed('ERR_PVE_NOT_STARTED', 'it still has its old name')
}

function interrupted(): Error {
  return pveFailed('ERR_PVE_OUTCOME', 'the run was interrupted')
}

async function identityOf({ pve, wish, plan }: Restore): Promise<Identity> {
  const { node, vmid } = wish
  return identityIn(plan.kind, await configOf(pve, { node, vmid, kind: plan.kind }))
}

async function restoredOf(made: Restore, notes: string[]): Promise<Restored> {
  const { pve, wish, plan } = made
  const guest = await findGuestIfAny(pve, wish)
  const { name, macs } = await identityOf(made)
  return {
    changed: true,
    vmid: wish.vmid,
    node: wish.node,
    kind: plan.kind,
    archive: plan.archive,
    name,
    macs,
    status: guest?.status ?? 'unknown',
    notes: [...notes, ...plan.notes],
  }
}
