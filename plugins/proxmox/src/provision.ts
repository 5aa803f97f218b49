// SPDX-License-Identifier: GPL-3.0-or-later
/** The steps that make a new guest, in order; each is known by name, so that a half-made guest can be told of. */
import { isLost, pveFailed } from './errors.ts'
import { isFree } from './free-number.ts'
import { isWanted } from './find-task.ts'
import { followTask } from './follow-task.ts'
import type { FollowContext } from './follow-task.ts'
import { findGuestIfAny, lxcOf, qemuOf } from './guest-ref.ts'
import type { Guest, GuestKind } from './guest-ref.ts'
import { halfMade, orHalfMade } from './half-made.ts'
import { configOf, writeConfig } from './identity.ts'
import { startClone } from './jobs/guest-clone.ts'
import { orConfirm } from './lost.ts'
import { changesOf, creationOf } from './new-guest.ts'
import type { NewGuest } from './new-guest.ts'
import type { Pve } from './pve.ts'
import { resumeTask, runTask } from './tasks.ts'
import type { StartContext } from './tasks.ts'
import { parseUpid } from './upid.ts'
import { textOf } from './values.ts'
import { until } from './waiting.ts'

/** The steps by name. */
export const STEPS = ['make', 'configure', 'start'] as const
/** One of them. */
export type ProvisionStep = (typeof STEPS)[number]

const WITHIN_MS = 7_200_000
const START_WITHIN_MS = 300_000

/** What making a guest needs to know. */
export interface Provision {
  readonly pve: Pve
  readonly wish: NewGuest
  readonly kind: GuestKind
}

/** The steps that a wish needs. A container made of an archive is configured as it is made. */
export function stepsOf({ template, start }: NewGuest): ProvisionStep[] {
  return STEPS.filter((step) => {
    if (step === 'configure') return template !== undefined
    return step === 'make' || start
  })
}

/** Makes the guest step by step; keeps before each where it is. */
export async function provision(context: StartContext, made: Provision): Promise<string[]> {
  const steps = stepsOf(made.wish)
  const notes: string[] = []
  for (const [at, step] of steps.entries()) {
    const progress = { done: steps.slice(0, at), missing: steps.slice(at) }
    const { pve, wish: guest } = made
    context.progress(`${step} guest ${guest.vmid}`)
    notes.push(...(await orHalfMade({ pve, guest, progress }, () => doStep(context, made, step))))
  }
  return notes
}

function doStep(context: StartContext, made: Provision, step: ProvisionStep): Promise<string[]> {
  const within: StartContext = {
    signal: context.signal,
    progress: (message) => context.progress(message),
    keep: (task) => context.keep({ step, task }),
  }
  if (step === 'configure') return configure(within, made)
  if (step === 'start') return runNoted(within, startTask(made))
  return made.wish.template === undefined
    ? runNoted(within, createTask(made))
    : copyTemplate(within, made, made.wish.template)
}

async function runNoted(
  context: StartContext,
  task: Parameters<typeof runTask>[1],
): Promise<string[]> {
  return (await runTask(context, task)).notes
}

function createTask({ pve, wish }: Provision): Parameters<typeof runTask>[1] {
  const { node, vmid } = wish
  return {
    pve,
    node,
    types: ['vzcreate'],
    id: String(vmid),
    withinMs: WITHIN_MS,
    start: () => pve.nodes.$(node).lxc.$post(creationOf(wish)),
    hasHappened: async () => !(await isFree(pve, vmid)),
  }
}

function startTask({ pve, wish, kind }: Provision): Parameters<typeof runTask>[1] {
  const { node, vmid } = wish
  return {
    pve,
    node,
    types: kind === 'qemu' ? ['qmstart', 'hastart'] : ['vzstart', 'hastart'],
    id: String(vmid),
    withinMs: START_WITHIN_MS,
    start: () => {
      const { status } = kind === 'qemu' ? qemuOf(pve, wish) : lxcOf(pve, wish)
      return status.start.$post()
    },
    hasHappened: async () => (await findGuestIfAny(pve, wish))?.status === 'running',
  }
}

/**
 * Copies the template.
 *
 * Why not as other tasks: its task is listed under the number of the template, whose other tasks are no concern of this
 * job. When the answer is lost, the new guest itself tells: it is locked until its copy is whole, and gone if that fails.
 */
async function copyTemplate(
  context: StartContext,
  { pve, wish, kind }: Provision,
  template: number,
): Promise<string[]> {
  const { node, vmid, name, full, storage, pool } = wish
  await context.keep({ vmid })
  let answer: unknown
  try {
    const from = { node, vmid: template, newid: vmid, name, full, storage, pool, target: undefined }
    answer = await startClone(pve, from, kind)
  } catch (error) {
    if (!isLost(error)) throw error
    context.progress('the answer was lost; looking for the new guest')
    await waitForCopy(pve, wish, context.signal)
    return []
  }
  const upid = parseUpid(answer)
  const types = ['qmclone', 'vzclone']
  if (!isWanted(upid, { node, types, id: String(template) })) {
    throw pveFailed('ERR_PVE_UPID', `asked for a copy of ${template}, told of ${upid.text}`, {
      details: { upid: upid.text, effect: 'unknown' },
    })
  }
  await context.keep({ vmid, upid: upid.text })
  return (await followTask(context, { pve, upid, withinMs: WITHIN_MS })).notes
}

/** Waits until the copy is whole. Throws: ERR_PVE_NOT_STARTED when there is none. */
async function waitForCopy(pve: Pve, wish: NewGuest, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<Guest | undefined> => findGuestIfAny(pve, wish)
  const begun = await until(look, { withinMs: 5_000, signal })
  if (begun === undefined) throw notBegun(wish)
  const whole = async (): Promise<Guest | 'gone' | undefined> => {
    const guest = await look()
    if (guest === undefined) return 'gone'
    return guest.lock === undefined ? guest : undefined
  }
  const end = await until(whole, { withinMs: WITHIN_MS, signal })
  if (end === 'gone') throw notBegun(wish)
  if (end === undefined) throw halfMade(wish, { done: [], missing: ['make'] }, undefined)
}

function notBegun({ node, vmid }: NewGuest): Error {
  return pveFailed(
    'ERR_PVE_NOT_STARTED',
    `the answer was lost and there is no guest ${vmid} on ${node}: nothing is left of it, it can be done again`,
    { details: { node, vmid, effect: 'none' }, retryable: true },
  )
}

async function configure(context: StartContext, { pve, wish, kind }: Provision): Promise<string[]> {
  await context.keep({ vmid: wish.vmid })
  const guest = { node: wish.node, vmid: wish.vmid, kind }
  const changes = changesOf(kind, await configOf(pve, guest), wish)
  if (Object.keys(changes).length === 0) return []
  const confirm = (): Promise<unknown> => confirmConfigured({ pve, wish, kind })
  await orConfirm(() => writeConfig(pve, guest, changes), confirm)
  return []
}

/**
 * Finds out how far a run came that was not seen to its end. Only looks, so what was not begun stays so and is named.
 *
 * Throws: ERR_PVE_HALF_MADE with what is done and what is missing, unless everything is.
 */
export async function resumeProvision(
  context: FollowContext & { readonly kept: unknown },
  made: Provision,
): Promise<string[]> {
  const steps = stepsOf(made.wish)
  const { step, task } = parseKept(context.kept)
  const at = steps.indexOf(step)
  const progress = { done: steps.slice(0, at), missing: steps.slice(at) }
  const { pve, wish: guest } = made
  const notes = await orHalfMade({ pve, guest, progress }, () =>
    resumeStep({ ...context, kept: task }, made, step),
  )
  if (at === steps.length - 1) return notes
  const left = { done: steps.slice(0, at + 1), missing: steps.slice(at + 1) }
  throw halfMade(guest, left, undefined)
}

async function resumeStep(
  context: FollowContext & { readonly kept: unknown },
  made: Provision,
  step: ProvisionStep,
): Promise<string[]> {
  const { pve, wish } = made
  if (step === 'start') return (await resumeTask(context, startTask(made))).notes
  if (step === 'configure') return confirmConfigured(made)
  if (wish.template === undefined) return (await resumeTask(context, createTask(made))).notes
  const upid = upidIn(context.kept)
  if (upid === undefined) {
    await waitForCopy(pve, wish, context.signal)
    return []
  }
  const end = await followTask(context, { pve, upid: parseUpid(upid), withinMs: WITHIN_MS })
  return end.notes
}

/** Throws when the guest is not as it was to be configured. */
async function confirmConfigured({ pve, wish, kind }: Provision): Promise<string[]> {
  const config = await configOf(pve, { node: wish.node, vmid: wish.vmid, kind })
  const open = Object.entries(changesOf(kind, config, wish)).filter(
    ([name, value]) => parts(config[name]) !== parts(value),
  )
  if (open.length === 0) return []
  const names = open.map(([name]) => name).join(', ')
  throw pveFailed('ERR_PVE_NOT_STARTED', `not configured yet: ${names}`, {
    details: { vmid: wish.vmid, effect: 'unknown' },
  })
}

/** Why sorted: Proxmox VE writes the parts of a property string in an order of its own. */
function parts(value: unknown): string {
  return (textOf(value) ?? '').split(',').sort().join()
}

function parseKept(kept: unknown): { step: ProvisionStep; task: unknown } {
  const { step, task } = (kept ?? {}) as { step?: unknown; task?: unknown }
  return { step: STEPS.find((each) => each === step) ?? 'make', task }
}

function upidIn(kept: unknown): string | undefined {
  const { upid } = (kept ?? {}) as { upid?: unknown }
  return typeof upid === 'string' ? upid : undefined
}
