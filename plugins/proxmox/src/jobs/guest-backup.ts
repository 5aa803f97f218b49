// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that backs a guest up. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import { z } from 'zod'
import { backupsOf, backupsRoute } from '../backups.ts'
import { disksOf } from '../disks.ts'
import type { GuestDisk } from '../disks.ts'
import { pveFailed } from '../errors.ts'
import { seenOf } from '../guest-change.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectUnlocked,
  findGuest,
  lxcOf,
  qemuOf,
} from '../guest-ref.ts'
import { StorageName } from '../names.ts'
import { guestText, line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { storageRoute, usableStorage } from '../storage-state.ts'
import { resumeTask, runTask, taskRoutes } from '../tasks.ts'
import type { TaskEnd } from '../tasks.ts'
import { parseUpid } from '../upid.ts'
import { membersOf } from '../values.ts'

const MODES = ['snapshot', 'suspend', 'stop'] as const
const COMPRESSIONS = ['zstd', 'gzip', 'lzo', '0'] as const
const CHANGE_DETECTIONS = ['legacy', 'data', 'metadata'] as const
const TIMEOUT_MS = 86_400_000
const WITHIN_MS = TIMEOUT_MS - 600_000

const Input = GuestRef.extend({
  storage: StorageName.describe('where the backup goes: a storage of type dir, nfs, cifs or pbs'),
  mode: z
    .enum(MODES)
    .default('snapshot')
    .describe('snapshot while it runs, suspend for a short while, or stop and start it again'),
  compress: z
    .enum(COMPRESSIONS)
    .default('zstd')
    .describe('how it is compressed, 0 for not at all; a backup server decides by itself'),
  notes: z
    .string()
    .max(1_024)
    .regex(/^[^\p{Cc}]*$/u)
    .optional()
    .describe('what stands beside the backup; {{guestname}}, {{node}} and {{vmid}} are filled in'),
  protected: z
    .boolean()
    .default(false)
    .describe('whether it can be removed only after unprotecting'),
  changeDetection: z
    .enum(CHANGE_DETECTIONS)
    .optional()
    .describe('how a backup server finds the changed files of a container'),
})
type Input = z.infer<typeof Input>

const Made = z.object({
  changed: z.literal(true),
  volumeId: z.string(),
  sizeBytes: z.number(),
  createdAt: z.iso.datetime(),
  isProtected: z.boolean(),
  upid: z.string(),
  notes: z.array(z.string()),
})
type Made = z.infer<typeof Made>

/** Backs a guest up. Older backups stay: nothing is pruned. */
export const guestBackup = defineJob({
  summary: 'Back a guest up to a storage; older backups stay',
  effect: 'change',
  input: Input,
  output: Made,
  resources: { ...GUEST_RESOURCES, storage: 'storage' },
  policyInputs: ['mode', 'protected'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      route('GET /nodes/{node}/qemu/{vmid}/config', { query: {}, others: 'forbidden' }),
      route('GET /nodes/{node}/lxc/{vmid}/config', { query: {}, others: 'forbidden' }),
      storageRoute(),
      backupsRoute(),
      ...taskRoutes('vmid'),
      route('POST /nodes/{node}/vzdump', {
        body: {
          vmid: { resource: 'vmid', required: true },
          storage: { resource: 'storage', required: true },
          mode: { oneOf: [...MODES] },
          compress: { oneOf: [...COMPRESSIONS] },
          remove: { equals: 0, required: true },
          protected: { oneOf: [0, 1] },
          'notes-template': { pattern: '[^\\p{Cc}]{0,1024}' },
          'pbs-change-detection-mode': { oneOf: [...CHANGE_DETECTIONS] },
        },
        others: 'forbidden',
      }),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: TIMEOUT_MS },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectUnlocked(guest)
    const storage = await usableStorage(pve, input, 'backup')
    const api = guest.kind === 'qemu' ? qemuOf(pve, input) : lxcOf(pve, input)
    const disks = disksOf(guest.kind, membersOf(await api.config.$get()))
    const seen = {
      guest: seenOf(guest),
      storage: { storage: storage.storage, type: storage.type },
      included: disks.filter(({ inBackup }) => inBackup).map(shownDisk),
      leftOut: disks.filter(({ inBackup }) => !inBackup).map(shownDisk),
    }
    const where = `${storage.storage} (${storage.type}), mode ${input.mode}`
    const changes = [
      line('add', `backup of ${guestText(guest)} on ${where}`),
      ...seen.leftOut.map(({ key, volume, why }) =>
        line('warn', `${key} (${volume}) is left out: ${why}`),
      ),
      ...lines('warn', notesOf(guest.status, input.mode)),
    ]
    return planOf(changes, seen)
  },
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    const end = await runTask(context, {
      ...taskOf(pve, input),
      start: () => pve.nodes.$(input.node).vzdump.$post(bodyOf(input, plan.state.storage.type)),
    })
    return madeBy(pve, input, end)
  },
  async resume(context) {
    const pve = pveOf(context.use.pve)
    return madeBy(pve, context.input, await resumeTask(context, taskOf(pve, context.input)))
  },
  async verify({ input, use, output }) {
    const found = await backupsOf(pveOf(use.pve), input)
    const backup = found.find(({ volumeId }) => volumeId === output.volumeId)
    if (backup === undefined) {
      return { verdict: 'contradicted', message: `${input.storage} does not list it` }
    }
    const isWhole = backup.sizeBytes > 0 && backup.isProtected === input.protected
    const message = `${input.storage} lists it with ${backup.sizeBytes} bytes`
    return { verdict: isWhole ? 'verified' : 'contradicted', message }
  },
})

function shownDisk({ key, volume, size, why }: GuestDisk) {
  return { key, volume, size: size ?? null, why: why ?? null }
}

function notesOf(status: string, mode: Input['mode']): string[] {
  if (status !== 'running' || mode === 'snapshot') return []
  return [mode === 'stop' ? 'it is stopped and started again' : 'it stands still for a short while']
}

function taskOf(
  pve: Pve,
  { node, vmid }: Input,
): { pve: Pve; node: string; types: string[]; id: string; withinMs: number } {
  return { pve, node, types: ['vzdump'], id: String(vmid), withinMs: WITHIN_MS }
}

type VzdumpBody = NonNullable<Parameters<ReturnType<Pve['nodes']['$']>['vzdump']['$post']>[0]>

/** Why `remove: 0`: without it Proxmox VE prunes older backups as the storage is set up to. */
function bodyOf(input: Input, storageType: string): VzdumpBody {
  const { vmid, storage, mode, compress, notes, changeDetection } = input
  return {
    vmid: String(vmid),
    storage,
    mode,
    remove: false,
    ...(storageType !== 'pbs' && { compress }),
    ...(input.protected && { protected: true }),
    ...(notes !== undefined && { 'notes-template': notes }),
    ...(changeDetection !== undefined && { 'pbs-change-detection-mode': changeDetection }),
  }
}

/** Finds what a task left: the newest backup that is not older than the task. */
async function madeBy(pve: Pve, input: Input, end: TaskEnd): Promise<Made> {
  const { startTime } = parseUpid(end.upid)
  const [backup] = await backupsOf(pve, input)
  if (backup === undefined || backup.createdAt < startTime - 1) {
    throw pveFailed(
      'ERR_PVE_NO_BACKUP',
      `the task ended well and ${input.storage} lists no backup of guest ${input.vmid} from then; see its log: proxmox/task.log with node=${input.node} and upid=${end.upid}`,
      { details: { upid: end.upid, effect: 'unknown' } },
    )
  }
  return {
    changed: true,
    volumeId: backup.volumeId,
    sizeBytes: backup.sizeBytes,
    createdAt: new Date(backup.createdAt * 1_000).toISOString(),
    isProtected: backup.isProtected,
    upid: end.upid,
    notes: end.notes,
  }
}
