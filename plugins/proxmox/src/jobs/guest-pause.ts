// SPDX-License-Identifier: GPL-3.0-or-later
/** Lets machines stand still and go on. Containers cannot: Proxmox VE calls it experimental for them. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { FieldScope, Permission } from '@sallyport/sdk'
import { z } from 'zod'
import { Changed } from '../guest-change.ts'
import { planPower, resumePower, runPower, verifyPower } from '../guest-power.ts'
import type { PowerChange } from '../guest-power.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectState,
  expectUnlocked,
  qemuOf,
} from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { taskRoutes } from '../tasks.ts'

const LIMITS = { perMinute: 30, timeoutMs: 630_000 }
const WITHIN_MS = 540_000

const Suspend = GuestRef.extend({
  toDisk: z
    .boolean()
    .default(false)
    .describe('save the memory to disk and stop the machine, in place of pausing it'),
})

/** Pauses a machine, or saves it to disk. */
export const guestSuspend = defineJob({
  summary: 'Pause a machine, or save its memory to disk and stop it; containers cannot be paused',
  effect: 'change',
  input: Suspend,
  output: Changed,
  resources: GUEST_RESOURCES,
  policyInputs: ['toDisk'],
  permissions: { pve: machinePermission('suspend', { todisk: { equals: 1 } }) },
  limits: LIMITS,
  plan: (context) => planPower(context, suspension(context.input)),
  run: (context) => runPower(context, suspension(context.input)),
  resume: (context) => resumePower(context, suspension(context.input)),
  verify: (context) => verifyPower(context, suspension(context.input)),
})

const RESUME: PowerChange = {
  verb: 'be resumed',
  to: 'running',
  types: ['qmresume', 'qmstart', 'hastart'],
  withinMs: WITHIN_MS,
  isDone: ({ status }) => status === 'running',
  expectPossible: (guest) => {
    expectMachine(guest)
    const { vmid, status } = guest
    expectState(status !== 'stopped', `guest ${vmid} is stopped; start it with proxmox/guest.start`)
    if (status !== 'suspended') expectUnlocked(guest)
  },
  start: (pve, guest) => qemuOf(pve, guest).status.resume.$post(),
}

/** Lets a machine go on. */
export const guestResume = defineJob({
  summary: 'Let a machine go on that was paused or saved to disk; a running one is left alone',
  effect: 'change',
  input: GuestRef,
  output: Changed,
  resources: GUEST_RESOURCES,
  permissions: { pve: machinePermission('resume') },
  limits: LIMITS,
  plan: (context) => planPower(context, RESUME),
  run: (context) => runPower(context, RESUME),
  resume: (context) => resumePower(context, RESUME),
  verify: (context) => verifyPower(context, RESUME),
})

function suspension({ toDisk }: z.infer<typeof Suspend>): PowerChange {
  const to = toDisk ? 'suspended' : 'paused'
  return {
    verb: 'be suspended',
    to,
    types: [toDisk ? 'qmsuspend' : 'qmpause'],
    withinMs: WITHIN_MS,
    isDone: ({ status }) => status === to,
    expectPossible: (guest) => {
      expectMachine(guest)
      const runs = guest.status === 'running' || (toDisk && guest.status === 'paused')
      expectState(runs, `guest ${guest.vmid} is ${guest.status}; only a running machine can be`)
      expectUnlocked(guest)
    },
    start: (pve, guest) => qemuOf(pve, guest).status.suspend.$post(toDisk ? { todisk: true } : {}),
  }
}

function expectMachine({ vmid, kind }: Guest): void {
  expectState(
    kind === 'qemu',
    `guest ${vmid} is a container, and containers cannot stand still; stop it with proxmox/guest.shutdown`,
  )
}

function machinePermission(verb: string, body: FieldScope['fields'] = {}): Permission<'endpoint'> {
  const change = route(`POST /nodes/{node}/qemu/{vmid}/status/${verb}`, {
    body,
    others: 'forbidden',
  })
  return endpoint('pve', [...GUEST_ROUTES, change, ...taskRoutes('vmid')])
}
