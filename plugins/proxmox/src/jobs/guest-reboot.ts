// SPDX-License-Identifier: GPL-3.0-or-later
/** Reboots a guest. */
import { defineJob } from '@sallyport/sdk'
import { z } from 'zod'
import { Changed, changedBy, haNotes, seenOf, verdictOf } from '../guest-change.ts'
import {
  GUEST_RESOURCES,
  GuestRef,
  expectNoTemplate,
  expectState,
  expectUnlocked,
  findGuest,
  guestApi,
  lookAgain,
} from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { guestText, line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import { resumeTask, runTask } from '../tasks.ts'
import type { TaskToRun } from '../tasks.ts'
import { until } from '../waiting.ts'
import { powerPermission } from './guest-power.ts'

const MAX_SECONDS = 1_800
/** Time for the guest to come up again after its task is over. */
const UP_MS = 60_000

const Reboot = GuestRef.extend({
  timeoutSeconds: z
    .int()
    .min(1)
    .max(MAX_SECONDS)
    .default(120)
    .describe('how long the guest may take to shut down'),
})

/** Asks a guest to shut down, and starts it again. */
export const guestReboot = defineJob({
  summary:
    'Ask a guest to shut down and start it again, so that changes that wait for it take hold',
  effect: 'change',
  input: Reboot,
  output: Changed.extend({
    uptimeBeforeSeconds: z.number().describe('how long the guest had been up before'),
  }),
  resources: GUEST_RESOURCES,
  permissions: { pve: powerPermission('reboot', { timeout: { min: 1, max: MAX_SECONDS } }) },
  limits: { perMinute: 10, timeoutMs: MAX_SECONDS * 1_000 + 300_000 },
  async plan({ input, use }) {
    const guest = await findGuest(pveOf(use.pve), input)
    expectRunning(guest)
    const change = line('change', `${guestText(guest)} is shut down and started again`)
    return planOf([change, ...lines('note', haNotes(guest))], { guest: seenOf(guest) })
  },
  async run(context) {
    const { input, use, signal } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectRunning(guest)
    const { uptimeSeconds } = guest
    const isUpAnew = async () => {
      const now = await lookAgain(pve, guest)
      return (
        now.status === 'running' && (isFresh(uptimeSeconds) || now.uptimeSeconds < uptimeSeconds)
      )
    }
    const end = await runTask(context, {
      ...taskOf(context),
      start: () => guestApi(pve, guest).status.reboot.$post({ timeout: input.timeoutSeconds }),
      hasHappened: isUpAnew,
    })
    const look = async () => ((await isUpAnew()) ? true : undefined)
    const isUp = await until(look, { withinMs: UP_MS, signal })
    const notes = isUp === true ? [] : ['it has not been seen up again yet']
    return { ...changedBy(end, ...notes), uptimeBeforeSeconds: uptimeSeconds }
  },
  async resume(context) {
    const end = await resumeTask(context, taskOf(context))
    return { ...changedBy(end), uptimeBeforeSeconds: 0 }
  },
  verify: ({ input, use, output }) =>
    verdictOf(async () => {
      const { vmid, status, uptimeSeconds } = await findGuest(pveOf(use.pve), input)
      const before = output.uptimeBeforeSeconds
      const isSame = !isFresh(before) && uptimeSeconds > before
      const isUp = status === 'running' && !isSame
      const message = `guest ${vmid} is ${status}, up for ${uptimeSeconds} s`
      return { verdict: isUp ? 'verified' : 'contradicted', message }
    }),
})

/** Whether a guest was up for so short that a reboot does not show in its seconds. */
function isFresh(uptimeSeconds: number): boolean {
  return uptimeSeconds < 2
}

function taskOf(context: {
  readonly input: z.infer<typeof Reboot>
  readonly use: { readonly pve: Parameters<typeof pveOf>[0] }
}): Omit<TaskToRun, 'start'> {
  const { node, vmid, timeoutSeconds } = context.input
  return {
    pve: pveOf(context.use.pve),
    node,
    types: ['qmreboot', 'vzreboot'],
    id: String(vmid),
    withinMs: timeoutSeconds * 1_000 + 120_000,
  }
}

function expectRunning(guest: Guest): void {
  expectNoTemplate(guest, 'be rebooted')
  const { vmid, status } = guest
  expectState(status === 'running', `guest ${vmid} is ${status}, and only a running one can reboot`)
  expectUnlocked(guest)
}
