// SPDX-License-Identifier: GPL-3.0-or-later
/** The jobs that put a guest back: from a named backup, or from the newest that can be reached. */
import { defineJob, endpoint } from '@sallyport/sdk'
import type { Endpoint, Verification } from '@sallyport/sdk'
import { z } from 'zod'
import { backupsRoute, newestBackup } from '../backups.ts'
import { pveFailed } from '../errors.ts'
import { Vmid, findGuestIfAny } from '../guest-ref.ts'
import { configOf, identityIn } from '../identity.ts'
import { StorageName, VolumeId } from '../names.ts'
import { instantText, line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import {
  RESTORE_RESOURCES,
  RestoreRef,
  Restored,
  planRestore,
  restore,
  restoreRoutes,
  resumeRestore,
} from '../restore.ts'
import { storageRoute } from '../storage-state.ts'

const LIMITS = { perMinute: 6, timeoutMs: 82_800_000 }

/** Puts a guest back from one backup. */
export const guestRestore = defineJob({
  summary: 'Put a guest back from a named backup, also in the place of one that is there',
  effect: 'destroy',
  input: RestoreRef.extend({
    archive: VolumeId.describe('the backup, as proxmox/guest.backup names it'),
  }),
  output: Restored,
  resources: { ...RESTORE_RESOURCES, archive: 'archive' },
  policyInputs: ['overwrite', 'unique', 'start'],
  permissions: { pve: endpoint('pve', restoreRoutes({ resource: 'archive' })) },
  limits: LIMITS,
  plan: ({ input, use }) => planRestore(pveOf(use.pve), input, input.archive),
  run: (context) => restore(context, madeOf(context)),
  resume: (context) => resumeRestore(context, madeOf(context)),
  verify: ({ input, use, output }) => verifyRestored(use.pve, input, output),
})

/** Puts a guest back from the newest backup on the first storage that can be reached and has one. */
export const guestRestoreLatest = defineJob({
  summary: 'Put a guest back from its newest backup on the first storage that can be reached',
  effect: 'destroy',
  input: RestoreRef.extend({
    from: z
      .array(StorageName)
      .min(1)
      .max(16)
      .describe('storages in the order in which they are tried, the fastest first'),
    backupOf: Vmid.describe('the guest whose backups are looked for: the same number as a rule'),
  }),
  output: Restored,
  resources: { ...RESTORE_RESOURCES, from: 'from', backupOf: 'backupOf' },
  policyInputs: ['overwrite', 'unique', 'start'],
  permissions: {
    pve: endpoint('pve', [
      // Which backup it is, is known only when the job runs: it can be any backup and nothing else.
      ...restoreRoutes({ pattern: '[a-zA-Z][a-zA-Z0-9._-]*:backup/[A-Za-z0-9][A-Za-z0-9._:+/-]*' }),
      storageRoute('from'),
      backupsRoute('from', 'backupOf'),
    ]),
  },
  limits: LIMITS,
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const { node, backupOf, from } = input
    const { backup, passedOver } = await newestBackup(pve, { node, vmid: backupOf }, from)
    if (backup === undefined) {
      throw pveFailed(
        'ERR_PVE_NO_BACKUP',
        `no backup of guest ${backupOf} can be reached from ${node}: ${passedOver.join('; ')}`,
        { details: { vmid: backupOf, passedOver, effect: 'none' } },
      )
    }
    const plan = await planRestore(pve, input, backup.volumeId)
    const createdAt = new Date(backup.createdAt * 1_000).toISOString()
    const changes = [
      ...plan.changes,
      line('note', `that backup is of ${instantText(createdAt)}`),
      ...lines('warn', passedOver),
    ]
    return planOf(changes, plan.state)
  },
  run: (context) => restore(context, madeOf(context)),
  resume: (context) => resumeRestore(context, madeOf(context)),
  verify: ({ input, use, output }) => verifyRestored(use.pve, input, output),
})

function madeOf<S>(context: {
  readonly input: RestoreRef
  readonly use: { readonly pve: Pick<Endpoint, 'request'> }
  readonly plan: { readonly state: S }
}): { pve: ReturnType<typeof pveOf>; wish: RestoreRef; plan: S } {
  return { pve: pveOf(context.use.pve), wish: context.input, plan: context.plan.state }
}

async function verifyRestored(
  endpoint: Pick<Endpoint, 'request'>,
  wish: RestoreRef,
  output: Restored,
): Promise<Verification> {
  const pve = pveOf(endpoint)
  const guest = await findGuestIfAny(pve, wish)
  if (guest === undefined) {
    return { verdict: 'contradicted', message: `there is no guest ${wish.vmid} on ${wish.node}` }
  }
  const { name } = identityIn(guest.kind, await configOf(pve, guest))
  const isNamed = wish.name === undefined || name === wish.name
  const isWhole = guest.kind === output.kind && guest.lock === undefined && isNamed
  const runs = guest.status === 'running'
  const message = `guest ${wish.vmid} is "${name ?? ''}", ${guest.status}`
  return { verdict: isWhole && runs === wish.start ? 'verified' : 'contradicted', message }
}
