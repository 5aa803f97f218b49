// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that makes a guest from another one. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { Constraint } from '@sallyport/sdk'
import { z } from 'zod'
import { expectFree, freeNumberRoute, isFree } from '../free-number.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  NodeName,
  Vmid,
  expectState,
  expectUnlocked,
  findGuest,
  findGuestIfAny,
  lxcOf,
  qemuOf,
} from '../guest-ref.ts'
import type { GuestKind } from '../guest-ref.ts'
import { orHalfMade } from '../half-made.ts'
import { GuestName, PoolName, StorageName } from '../names.ts'
import { guestText, line, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { storageRoute, usableStorage } from '../storage-state.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskEnd } from '../tasks.ts'

const TIMEOUT_MS = 14_400_000
const WITHIN_MS = TIMEOUT_MS - 300_000

const Input = GuestRef.extend({
  newid: Vmid.describe('the number of the new guest'),
  name: GuestName.optional().describe('its name; for a container also its host name'),
  full: z
    .boolean()
    .optional()
    .describe('a copy that stands alone; unless given, a copy of a template is linked to it'),
  storage: StorageName.optional().describe('where the disks of a full copy go'),
  target: NodeName.optional().describe('the node of the new guest, where all disks are shared'),
  pool: PoolName.optional().describe('the pool it becomes part of'),
})
type Input = z.infer<typeof Input>

const Cloned = z.object({
  changed: z.literal(true),
  vmid: z.number(),
  node: z.string(),
  kind: z.enum(['qemu', 'lxc']),
  isLinked: z.boolean(),
  upid: z.string(),
  notes: z.array(z.string()),
})
type Cloned = z.infer<typeof Cloned>

/** What a body that clones may hold; `newid` is the resource that names the new guest. */
export function cloneFields(
  newid: string,
  more: Readonly<Record<string, Constraint>> = {},
): Parameters<typeof route>[1] {
  return {
    body: {
      ...more,
      newid: { resource: newid, required: true },
      full: { oneOf: [0, 1] },
      storage: { resource: 'storage' },
      pool: { resource: 'pool' },
      name: { resource: 'name' },
      hostname: { resource: 'name' },
    },
    others: 'forbidden',
  }
}

const TARGET = { target: { resource: 'target' } }

/** Makes a guest from another one or from a template. */
export const guestClone = defineJob({
  summary: 'Make a new guest from another one or from a template',
  effect: 'change',
  input: Input,
  output: Cloned,
  resources: {
    ...GUEST_RESOURCES,
    newid: 'newid',
    name: 'name',
    storage: 'storage',
    target: 'target',
    pool: 'pool',
  },
  policyInputs: ['full'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      ...(['node', 'target'] as const).flatMap((node) => [
        route(`GET /nodes/{${node}}/qemu/{newid}/status/current`, {
          query: {},
          others: 'forbidden',
        }),
        route(`GET /nodes/{${node}}/lxc/{newid}/status/current`, {
          query: {},
          others: 'forbidden',
        }),
      ]),
      freeNumberRoute('newid'),
      storageRoute(),
      ...taskRoutes('vmid'),
      route('POST /nodes/{node}/qemu/{vmid}/clone', cloneFields('newid', TARGET)),
      route('POST /nodes/{node}/lxc/{vmid}/clone', cloneFields('newid', TARGET)),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: TIMEOUT_MS },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const source = await findGuest(pve, input)
    expectUnlocked(source)
    const isLinked = source.isTemplate && input.full !== true
    expectState(
      source.isTemplate || input.full !== false,
      `guest ${input.vmid} is no template: a copy of it stands alone (full=true)`,
    )
    expectState(
      !isLinked || input.storage === undefined,
      'the disks of a linked copy stay where those of the template are: leave storage out, or give full=true',
    )
    await expectFree(pve, input.newid)
    if (input.storage !== undefined) {
      const { node, storage } = { ...input, storage: input.storage }
      await usableStorage(pve, { node, storage }, source.kind === 'qemu' ? 'images' : 'rootdir')
    }
    const { vmid, name = null, kind, status } = source
    const to = { vmid: input.newid, node: input.target ?? input.node, name: input.name ?? null }
    const how = isLinked ? 'linked to it' : 'standing alone'
    const disks = input.storage === undefined ? '' : `, its disks on ${input.storage}`
    const made = guestText({ ...to, kind })
    const changes = [
      line('add', `${made} on ${to.node}, a copy of ${guestText(source)} ${how}${disks}`),
      ...(input.pool === undefined
        ? []
        : [line('change', `it becomes part of pool ${input.pool}`)]),
    ]
    return planOf(changes, { from: { vmid, name, kind, status }, to, isLinked })
  },
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    const { kind } = plan.state.from
    const guest = { node: plan.state.to.node, vmid: input.newid }
    const end = await orHalfMade({ pve, guest, progress: BEGUN }, () =>
      runTask(context, {
        ...taskOf(pve, input),
        start: () => startClone(pve, { ...input, full: !plan.state.isLinked }, kind),
      }),
    )
    return cloned(input, plan.state, end)
  },
  async resume(context) {
    const { input, plan, use } = context
    const pve = pveOf(use.pve)
    const guest = { node: plan.state.to.node, vmid: input.newid }
    const end = await orHalfMade({ pve, guest, progress: BEGUN }, () =>
      resumeTask(context, taskOf(pve, input)),
    )
    return cloned(input, plan.state, end)
  },
  async verify({ use, output }) {
    const guest = await findGuestIfAny(pveOf(use.pve), output)
    const where = `guest ${output.vmid} on ${output.node}`
    if (guest === undefined) return { verdict: 'contradicted', message: `there is no ${where}` }
    return guest.lock === undefined
      ? { verdict: 'verified', message: `${where} is there, ${guest.status}` }
      : { verdict: 'contradicted', message: `${where} is locked (${guest.lock})` }
  },
})

const BEGUN = { done: [], missing: ['copying its disks'] }

function taskOf(
  pve: Pve,
  { node, vmid, newid }: Input,
): Omit<Parameters<typeof runTask>[1], 'start'> {
  return {
    pve,
    node,
    types: ['qmclone', 'vzclone'],
    id: String(vmid),
    withinMs: WITHIN_MS,
    hasHappened: async () => !(await isFree(pve, newid)),
  }
}

/** Makes the one request that clones; `full` decides whether the copy stands alone. */
export function startClone(
  pve: Pve,
  input: Pick<Input, 'node' | 'vmid' | 'newid' | 'name' | 'storage' | 'target' | 'pool'> & {
    readonly full: boolean
  },
  kind: GuestKind,
): Promise<unknown> {
  const { newid, full, name, storage, target, pool } = input
  const shared = {
    newid,
    full,
    ...(storage !== undefined && { storage }),
    ...(target !== undefined && { target }),
    ...(pool !== undefined && { pool }),
  }
  return kind === 'qemu'
    ? qemuOf(pve, input).clone.$post({ ...shared, ...(name !== undefined && { name }) })
    : lxcOf(pve, input).clone.$post({ ...shared, ...(name !== undefined && { hostname: name }) })
}

function cloned(
  input: Input,
  seen: { readonly isLinked: boolean; readonly from: { readonly kind: GuestKind } },
  end: TaskEnd,
): Cloned {
  return {
    changed: true,
    vmid: input.newid,
    node: input.target ?? input.node,
    kind: seen.from.kind,
    isLinked: seen.isLinked,
    upid: end.upid,
    notes: end.notes,
  }
}
