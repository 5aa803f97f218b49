// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that moves a guest to another node. */
import { defineJob, endpoint, isCodedError, route } from '@sallyport/sdk'
import { z } from 'zod'
import { clusterOf } from '../cluster.ts'
import { noQuorum, pveFailed } from '../errors.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  NodeName,
  expectState,
  expectUnlocked,
  findGuest,
  findGuestIfAny,
  lxcOf,
  qemuOf,
} from '../guest-ref.ts'
import type { Guest, GuestKind } from '../guest-ref.ts'
import { moveCheckOf } from '../move-check.ts'
import type { MoveCheck } from '../move-check.ts'
import { StorageName } from '../names.ts'
import { memberOf } from '../node-state.ts'
import { guestText, line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskEnd } from '../tasks.ts'
import { parseUpid } from '../upid.ts'
import { until } from '../waiting.ts'

const TIMEOUT_MS = 14_400_000
const WITHIN_MS = TIMEOUT_MS - 900_000
/** How long the HA manager may take for what it was asked. */
const HA_WITHIN_MS = 600_000

const Input = GuestRef.extend({
  target: NodeName.describe('the node it goes to'),
  withLocalDisks: z
    .boolean()
    .default(false)
    .describe('for a machine that runs: copy disks that only its node has'),
  targetStorage: StorageName.optional().describe(
    'the storage on the target for such disks; the one of the same name unless given',
  ),
  restart: z
    .boolean()
    .default(false)
    .describe(
      'for a container that runs: stop it here and start it there, it cannot move while it runs',
    ),
})
type Input = z.infer<typeof Input>

const Moved = z.object({
  changed: z.boolean(),
  node: z.string(),
  status: z.string(),
  upid: z.string().nullable(),
  notes: z.array(z.string()),
})
type Moved = z.infer<typeof Moved>

const nothing = { query: {}, others: 'forbidden' } as const
const check = { query: { target: { resource: 'target' } }, others: 'forbidden' } as const

/** Moves a guest: live, as it is, or with a restart. */
export const guestMigrate = defineJob({
  summary: 'Move a guest to another node of its cluster',
  effect: 'change',
  input: Input,
  output: Moved,
  resources: { ...GUEST_RESOURCES, target: 'target', targetStorage: 'targetStorage' },
  policyInputs: ['withLocalDisks', 'restart'],
  permissions: {
    pve: endpoint('pve', [
      'GET /cluster/status',
      'GET /version',
      ...GUEST_ROUTES,
      route('GET /nodes/{target}/qemu/{vmid}/status/current', nothing),
      route('GET /nodes/{target}/lxc/{vmid}/status/current', nothing),
      route('GET /nodes/{node}/qemu/{vmid}/migrate', check),
      route('GET /nodes/{node}/lxc/{vmid}/migrate', check),
      ...taskRoutes('vmid'),
      route('POST /nodes/{node}/qemu/{vmid}/migrate', {
        body: {
          target: { resource: 'target', required: true },
          online: { oneOf: [0, 1] },
          'with-local-disks': { oneOf: [0, 1] },
          targetstorage: { resource: 'targetStorage' },
        },
        others: 'forbidden',
      }),
      route('POST /nodes/{node}/lxc/{vmid}/migrate', {
        body: {
          target: { resource: 'target', required: true },
          restart: { oneOf: [0, 1] },
          'target-storage': { resource: 'targetStorage' },
        },
        others: 'forbidden',
      }),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: TIMEOUT_MS },
  async plan({ input, use }) {
    expectState(input.node !== input.target, `guest ${input.vmid} stays on ${input.node}`)
    const pve = pveOf(use.pve)
    const cluster = await clusterOf(use.pve)
    if (!cluster.isQuorate) throw noQuorum()
    const target = memberOf(cluster, input.target)
    const there = await thereAlready(pve, input)
    if (there !== undefined) {
      const note = line('note', `${guestText(there)} is on ${input.target} already`)
      return planOf([note], { isThere: true, guest: seen(there), localDisks: [], alsoMoved: [] })
    }
    const guest = await findGuest(pve, input)
    expectUnlocked(guest)
    if (!target.isOnline) throw offline(input.target)
    const found = await moveCheckOf(pve, guest, input.target)
    expectPossible(guest, input, found)
    const { localDisks, dependents: alsoMoved } = found
    const changes = [
      line(
        'change',
        `${guestText(guest)} moves from ${input.node} to ${input.target}, ${modeOf(guest)}`,
      ),
      ...localDisks.map((volume) => line('change', `its disk ${volume} is copied`)),
      ...alsoMoved.map((sid) =>
        line('change', `${sid} moves with it, by a rule of the HA manager`),
      ),
      ...lines('note', guest.haState === undefined ? [] : ['the HA manager moves it']),
    ]
    return planOf(changes, { isThere: false, guest: seen(guest), localDisks, alsoMoved })
  },
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    if (plan.state.isThere) {
      return {
        changed: false,
        node: input.target,
        status: plan.state.guest.status,
        upid: null,
        notes: [],
      }
    }
    const isRunning = plan.state.guest.status !== 'stopped'
    const end = await runTask(context, {
      ...taskOf(pve, input),
      start: () => startMove(pve, input, { kind: plan.state.guest.kind, isRunning }),
    })
    return moved(pve, input, end, context)
  },
  async resume(context) {
    const pve = pveOf(context.use.pve)
    const end = await resumeTask(context, taskOf(pve, context.input))
    return moved(pve, context.input, end, context)
  },
  async verify({ input, use, plan }) {
    const guest = await findGuestIfAny(pveOf(use.pve), { node: input.target, vmid: input.vmid })
    if (guest === undefined) {
      return { verdict: 'contradicted', message: `guest ${input.vmid} is not on ${input.target}` }
    }
    const message = `guest ${input.vmid} is on ${input.target}, ${guest.status}`
    const isSame = (guest.status === 'stopped') === (plan.state.guest.status === 'stopped')
    return { verdict: isSame ? 'verified' : 'contradicted', message }
  },
})

/** Why no more: what changes by itself would make every plan another one. */
function seen(guest: Guest): Pick<Guest, 'vmid' | 'kind' | 'status'> & { name: string | null } {
  return { vmid: guest.vmid, kind: guest.kind, status: guest.status, name: guest.name ?? null }
}

function modeOf(guest: Guest): 'live' | 'with a restart' | 'as it is' {
  if (guest.status === 'stopped') return 'as it is'
  return guest.kind === 'qemu' ? 'live' : 'with a restart'
}

/** The guest when it is on the target and nowhere else; another guest cannot have its number. */
async function thereAlready(pve: Pve, { vmid, target }: Input): Promise<Guest | undefined> {
  try {
    return await findGuestIfAny(pve, { node: target, vmid })
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_PVE_NODE_OFFLINE') return undefined
    throw error
  }
}

function expectPossible(guest: Guest, input: Input, found: MoveCheck): void {
  const { vmid, target } = input
  const isRunning = guest.status !== 'stopped'
  expectState(
    !(isRunning && guest.kind === 'lxc' && !input.restart),
    `container ${vmid} runs and cannot move while it does: give restart=true, or stop it first`,
  )
  expectState(
    !(isRunning && found.localResources.length > 0),
    `machine ${vmid} uses what only its node has: ${found.localResources.join(', ')}; stop it first`,
  )
  expectState(
    !(isRunning && guest.kind === 'qemu' && found.localDisks.length > 0 && !input.withLocalDisks),
    `machine ${vmid} runs and has disks that only its node has: ${found.localDisks.join(', ')}; give withLocalDisks=true to copy them`,
  )
  expectState(
    found.blockedBy.length === 0 || input.targetStorage !== undefined,
    `guest ${vmid} cannot go to ${target}: ${found.blockedBy.join(', ')}`,
  )
}

function startMove(
  pve: Pve,
  input: Input,
  { kind, isRunning }: { readonly kind: GuestKind; readonly isRunning: boolean },
): Promise<unknown> {
  const { target, targetStorage, withLocalDisks } = input
  if (kind === 'qemu') {
    return qemuOf(pve, input).migrate.$post({
      target,
      ...(isRunning && { online: true }),
      ...(isRunning && withLocalDisks && { 'with-local-disks': true }),
      ...(targetStorage !== undefined && { targetstorage: targetStorage }),
    })
  }
  return lxcOf(pve, input).migrate.$post({
    target,
    ...(isRunning && { restart: true }),
    ...(targetStorage !== undefined && { 'target-storage': targetStorage }),
  })
}

function taskOf(pve: Pve, input: Input): Omit<Parameters<typeof runTask>[1], 'start'> {
  return {
    pve,
    node: input.node,
    types: ['qmigrate', 'vzmigrate', 'hamigrate'],
    id: String(input.vmid),
    withinMs: WITHIN_MS,
    hasHappened: async () => (await thereAlready(pve, input)) !== undefined,
  }
}

/** Why waited for: a task of the HA manager ends when the wish is noted, and the guest moves after it. */
async function moved(
  pve: Pve,
  input: Input,
  end: TaskEnd,
  { signal }: { readonly signal: AbortSignal },
): Promise<Moved> {
  const isHa = parseUpid(end.upid).type === 'hamigrate'
  const look = async (): Promise<Guest | undefined> => {
    const guest = await thereAlready(pve, input)
    return guest?.lock === undefined ? guest : undefined
  }
  const guest = await until(look, { withinMs: isHa ? HA_WITHIN_MS : 10_000, signal })
  if (guest === undefined) throw notThere(input, end)
  const { upid, notes } = end
  return { changed: true, node: input.target, status: guest.status, upid, notes }
}

function notThere({ vmid, target, node }: Input, { upid }: TaskEnd): Error {
  return pveFailed(
    'ERR_PVE_WAIT',
    `the task ended well and guest ${vmid} is not on ${target} yet; look where it is with proxmox/guest.list, and why with proxmox/task.log node=${node} upid=${upid}`,
    { details: { vmid, upid, effect: 'unknown' } },
  )
}

function offline(node: string): Error {
  return pveFailed(
    'ERR_PVE_NODE_OFFLINE',
    `node ${node} is offline; wake it with proxmox/node.wake`,
    { details: { node, effect: 'none' }, retryable: true },
  )
}
