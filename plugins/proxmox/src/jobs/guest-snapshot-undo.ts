// SPDX-License-Identifier: GPL-3.0-or-later
/** Goes back to snapshots of guests, and removes them. */
import { defineJob } from '@sallyport/sdk'
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
import { expectNoTemplate, expectState, expectUnlocked, findGuest, guestApi } from '../guest-ref.ts'
import type { Guest } from '../guest-ref.ts'
import { guestText, instantText, line, lines, planOf } from '../plan-lines.ts'
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
import { snapshotsOf } from '../snapshots.ts'
import type { Snapshot } from '../snapshots.ts'
import { resumeTask, runTask } from '../tasks.ts'

const Rollback = OneSnapshot.extend({
  start: z.boolean().default(false).describe('start the guest afterwards'),
})

/** Goes back to a snapshot. */
export const snapshotRollback = defineJob({
  summary: 'Take a guest back to a snapshot; what was written since then is lost',
  effect: 'destroy',
  input: Rollback,
  output: Changed,
  resources: SNAPSHOT_RESOURCES,
  policyInputs: ['start'],
  permissions: {
    pve: snapshotPermission(
      guestRoutes('POST', '/snapshot/{snapshot}/rollback', { start: { oneOf: [0, 1] } }),
    ),
  },
  limits: SNAPSHOT_LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const { snapshot, newer } = await expectRollback(pve, guest, input)
    const { name, takenAt } = snapshot
    const changes = [
      line(
        'remove',
        `what ${guestText(guest)} wrote since ${takenAt === null ? name : instantText(takenAt)}`,
      ),
      line('change', `guest ${guest.vmid} goes back to snapshot ${name}`),
      ...(input.start ? [line('change', 'it is started afterwards')] : []),
      ...(guest.status === 'stopped' ? [] : lines('warn', ['it is stopped for it, at once'])),
      ...(newer.length === 0 ? [] : lines('warn', [`newer snapshots: ${newer.join(', ')}`])),
    ]
    return planOf(changes, { guest: seenOf(guest), snapshot, newer })
  },
  async run(context) {
    const { input, use } = context
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    await expectRollback(pve, guest, input)
    const end = await runTask(context, {
      ...snapshotTask(context, 'rollback'),
      start: () =>
        guestApi(pve, guest).snapshot.$(input.snapshot).rollback.$post({ start: input.start }),
    })
    return changedBy(end)
  },
  resume: async (context) =>
    changedBy(await resumeTask(context, snapshotTask(context, 'rollback'))),
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
  resources: SNAPSHOT_RESOURCES,
  permissions: { pve: snapshotPermission(guestQueryRoutes('DELETE', '/snapshot/{snapshot}')) },
  limits: SNAPSHOT_LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectNoTemplate(guest, 'have snapshots')
    const { snapshots } = await snapshotsOf(pve, guest)
    const removes = snapshots.find(({ name }) => name === input.snapshot) ?? null
    if (removes !== null) expectUnlocked(guest)
    const taken = removes?.takenAt == null ? '' : `, taken ${instantText(removes.takenAt)}`
    const change =
      removes === null
        ? line('note', `${guestText(guest)} has no snapshot ${input.snapshot}`)
        : line('remove', `snapshot ${input.snapshot} of ${guestText(guest)}${taken}`)
    return planOf([change], { guest: seenOf(guest), snapshot: removes })
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
      ...snapshotTask(context, 'delsnapshot'),
      start: () => guestApi(pve, guest).snapshot.$(snapshot).$delete(),
      hasHappened: async () => !(await hasSnapshot(pve, guest, snapshot)),
    })
    return changedBy(end)
  },
  resume: async (context) =>
    changedBy(await resumeTask(context, snapshotTask(context, 'delsnapshot'))),
  verify: ({ input, use }) => verifySnapshot(pveOf(use.pve), input, 'gone'),
})

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
