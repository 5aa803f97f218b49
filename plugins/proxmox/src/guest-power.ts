// SPDX-License-Identifier: GPL-3.0-or-later
/** Starting and stopping a guest: the way they all go, whatever the change is. */
import type { Endpoint, Plan, Verification } from '@sallyport/sdk'
import { changedBy, haNotes, seenOf, unchanged, verdictOf } from './guest-change.ts'
import type { Changed, SeenGuest } from './guest-change.ts'
import { expectNoTemplate, findGuest, lookAgain } from './guest-ref.ts'
import type { Guest, GuestRef } from './guest-ref.ts'
import { changeLine, guestText, line, lines, planOf } from './plan-lines.ts'
import { pveOf } from './pve.ts'
import type { Pve } from './pve.ts'
import { resumeTask, runTask } from './tasks.ts'
import type { StartContext } from './tasks.ts'
import { until } from './waiting.ts'

/** One way of starting or stopping. */
export interface PowerChange {
  /** For "a template cannot …". */
  readonly verb: string
  readonly to: Guest['status']
  /** Types of the task it may become, `qmstart`; machines first. */
  readonly types: readonly string[]
  /** Whether a guest is so already. */
  isDone(guest: Guest): boolean
  /** Throws when it cannot be done to this guest. */
  expectPossible(guest: Guest): void
  start(pve: Pve, guest: Guest): Promise<unknown>
  /** What people should know of it. */
  readonly notes?: readonly string[]
  /** Time for the task. Units: milliseconds. */
  readonly withinMs: number
}

/** The state that a plan of starting or stopping saw. */
export interface PowerState {
  readonly guest: SeenGuest
  readonly to: Guest['status']
}

/** What the steps of such a job have in common. */
export interface PowerContext {
  readonly input: GuestRef
  readonly use: { readonly pve: Endpoint }
  readonly signal: AbortSignal
}

/** Time for the HA manager to do what its task only asked for. */
const HA_WAIT_MS = 60_000

/** Looks, and says from what to what. Throws when it cannot be done. */
export async function planPower(
  context: PowerContext,
  change: PowerChange,
): Promise<Plan<PowerState>> {
  const guest = await findGuest(pveOf(context.use.pve), context.input)
  expectPossible(guest, change)
  const { vmid, name, kind, status } = guest
  const said = change.isDone(guest)
    ? [line('note', `${guestText(guest)} is left alone`)]
    : [changeLine(guestText({ vmid, name, kind }), status, change.to)]
  const notes = change.isDone(guest) ? [] : [...(change.notes ?? []), ...haNotes(guest)]
  return planOf([...said, ...lines('note', notes)], { guest: seenOf(guest), to: change.to })
}

/** Does it, unless it is done already. */
export async function runPower(
  context: PowerContext & StartContext,
  change: PowerChange,
): Promise<Changed> {
  const pve = pveOf(context.use.pve)
  const guest = await findGuest(pve, context.input)
  expectPossible(guest, change)
  if (change.isDone(guest)) return unchanged(`the guest was ${guest.status} already`)
  const { types, withinMs } = change
  const { node, vmid } = guest
  const end = await runTask(context, {
    pve,
    node,
    types,
    id: String(vmid),
    withinMs,
    start: () => change.start(pve, guest),
    hasHappened: async () => change.isDone(await lookAgain(pve, guest)),
  })
  return changedBy(end, ...(await leftToHa(context, change, guest)))
}

/** Finds out how a run ended that was not seen to its end. */
export async function resumePower(
  context: PowerContext & { readonly kept: unknown; progress(message: string): void },
  change: PowerChange,
): Promise<Changed> {
  const pve = pveOf(context.use.pve)
  const { node, vmid } = context.input
  const { types, withinMs } = change
  const end = await resumeTask(context, {
    pve,
    node,
    types,
    id: String(vmid),
    withinMs,
    hasHappened: async () => change.isDone(await findGuest(pve, context.input)),
  })
  return changedBy(end)
}

/** Looks again. */
export function verifyPower(context: PowerContext, change: PowerChange): Promise<Verification> {
  return verdictOf(async () => {
    const guest = await findGuest(pveOf(context.use.pve), context.input)
    const message = `guest ${guest.vmid} is ${guest.status}`
    if (change.isDone(guest)) return { verdict: 'verified', message }
    if (guest.haState === undefined) return { verdict: 'contradicted', message }
    return { verdict: 'inconclusive', message: `${message}; the HA manager is at it` }
  })
}

function expectPossible(guest: Guest, change: PowerChange): void {
  expectNoTemplate(guest, change.verb)
  if (!change.isDone(guest)) change.expectPossible(guest)
}

/** Why waited for: the task of the HA manager is over when it took note, not when it is done. */
async function leftToHa(
  { use, signal }: PowerContext,
  change: PowerChange,
  guest: Guest,
): Promise<string[]> {
  if (guest.haState === undefined) return []
  const pve = pveOf(use.pve)
  const look = async () => (change.isDone(await lookAgain(pve, guest)) ? true : undefined)
  const isDone = await until(look, { withinMs: HA_WAIT_MS, signal })
  return isDone === true ? [] : ['the HA manager took note and has not done it yet']
}
