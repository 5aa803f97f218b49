// SPDX-License-Identifier: GPL-3.0-or-later
/** Starts and stops guests. */
import { defineJob, endpoint } from '@sallyport/sdk'
import type { FieldScope, Permission } from '@sallyport/sdk'
import { z } from 'zod'
import { Changed, guestRoutes } from '../guest-change.ts'
import { planPower, resumePower, runPower, verifyPower } from '../guest-power.ts'
import type { PowerChange } from '../guest-power.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectState,
  expectUnlocked,
  guestApi,
} from '../guest-ref.ts'
import { taskRoutes } from '../tasks.ts'

const WITHIN_MS = 270_000
const LIMITS = { perMinute: 30, timeoutMs: 390_000 }

const START: PowerChange = {
  verb: 'start',
  to: 'running',
  types: ['qmstart', 'vzstart', 'hastart'],
  withinMs: WITHIN_MS,
  isDone: ({ status }) => status === 'running',
  expectPossible: (guest) => {
    const { vmid, status } = guest
    expectState(status !== 'paused', `guest ${vmid} is paused; resume it with proxmox/guest.resume`)
    if (status !== 'suspended') expectUnlocked(guest)
  },
  start: (pve, guest) => guestApi(pve, guest).status.start.$post(),
}

const STOP: PowerChange = {
  verb: 'be stopped',
  to: 'stopped',
  types: ['qmstop', 'vzstop', 'hastop'],
  withinMs: WITHIN_MS,
  notes: ['at once, as by pulling its plug: what it has not written is lost'],
  isDone: ({ status }) => status === 'stopped' || status === 'suspended',
  expectPossible: expectUnlocked,
  start: (pve, guest) => guestApi(pve, guest).status.stop.$post(),
}

/** Starts a guest. */
export const guestStart = defineJob({
  summary: 'Start a guest and wait until it is up; a running one is left alone',
  effect: 'change',
  input: GuestRef,
  output: Changed,
  resources: GUEST_RESOURCES,
  permissions: { pve: powerPermission('start') },
  limits: LIMITS,
  plan: (context) => planPower(context, START),
  run: (context) => runPower(context, START),
  resume: (context) => resumePower(context, START),
  verify: (context) => verifyPower(context, START),
})

/** Stops a guest at once. */
export const guestStop = defineJob({
  summary: 'Stop a guest at once, as by pulling its plug; a stopped one is left alone',
  effect: 'change',
  input: GuestRef,
  output: Changed,
  resources: GUEST_RESOURCES,
  permissions: { pve: powerPermission('stop') },
  limits: LIMITS,
  plan: (context) => planPower(context, STOP),
  run: (context) => runPower(context, STOP),
  resume: (context) => resumePower(context, STOP),
  verify: (context) => verifyPower(context, STOP),
})

const MAX_SHUTDOWN_SECONDS = 1_800

const Shutdown = GuestRef.extend({
  timeoutSeconds: z
    .int()
    .min(1)
    .max(MAX_SHUTDOWN_SECONDS)
    .default(120)
    .describe('how long the guest may take'),
  then: z
    .enum(['fail', 'stop'])
    .default('fail')
    .describe('what to do with a guest that takes longer: leave it running, or stop it at once'),
})

/** Asks a guest to shut down. */
export const guestShutdown = defineJob({
  summary: 'Ask a guest to shut down and wait until it has; optionally stop it after a time',
  effect: 'change',
  input: Shutdown,
  output: Changed,
  resources: GUEST_RESOURCES,
  policyInputs: ['then'],
  permissions: {
    pve: powerPermission('shutdown', {
      timeout: { min: 1, max: MAX_SHUTDOWN_SECONDS },
      forceStop: { oneOf: [0, 1] },
    }),
  },
  limits: { ...LIMITS, timeoutMs: MAX_SHUTDOWN_SECONDS * 1_000 + 300_000 },
  plan: (context) => planPower(context, shutdown(context.input)),
  run: (context) => runPower(context, shutdown(context.input)),
  resume: (context) => resumePower(context, shutdown(context.input)),
  verify: (context) => verifyPower(context, shutdown(context.input)),
})

function shutdown({ timeoutSeconds, then }: z.infer<typeof Shutdown>): PowerChange {
  return {
    ...STOP,
    verb: 'be shut down',
    types: ['qmshutdown', 'vzshutdown', 'hastop', 'qmstop', 'vzstop'],
    withinMs: timeoutSeconds * 1_000 + 180_000,
    notes: [
      then === 'stop'
        ? `after ${timeoutSeconds} s it is stopped at once`
        : `it has ${timeoutSeconds} s; if it takes longer, it is left running`,
    ],
    expectPossible: (guest) => {
      expectUnlocked(guest)
      const hears = guest.status === 'running' || then === 'stop'
      expectState(
        hears,
        `guest ${guest.vmid} is ${guest.status} and cannot hear; resume it first, or say then=stop`,
      )
    },
    start: (pve, guest) =>
      guestApi(pve, guest).status.shutdown.$post({
        timeout: timeoutSeconds,
        forceStop: then === 'stop',
      }),
  }
}

/** The routes of one way of starting or stopping. */
export function powerPermission(
  verb: string,
  body: FieldScope['fields'] = {},
): Permission<'endpoint'> {
  const changes = guestRoutes('POST', `/status/${verb}`, body)
  return endpoint('pve', [...GUEST_ROUTES, ...changes, ...taskRoutes('vmid')])
}
