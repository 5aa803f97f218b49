// SPDX-License-Identifier: GPL-3.0-or-later
/** Backups with vzdump. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { parseArchive } from '../archives.ts'
import { type BackupPlan, backupPlan } from '../backup/backup-plan.ts'
import { guestBackup } from '../backup/guest-backup.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { startTask, stopTask } from '../tasks.ts'
import { needAccess } from '../volume-access.ts'
import { findVolume, isActive, storageIdOf, storageOf, usableStorage } from '../volumes.ts'

const JOB_FAILED = 'job errors'

/** Backups. */
export const vzdumpBehaviours: Behaviours = {
  'POST /nodes/{node}/vzdump': backUp,
  'GET /nodes/{node}/vzdump/defaults': defaults,
  'GET /nodes/{node}/vzdump/extractconfig': extractConfig,
}

/**
 * Gives the UPID, or `OK` when there is nothing to do: no guest of the selection is on this node.
 *
 * Source: pve-manager VZDump: a guest that fails does not end the job, which ends with `job errors`.
 */
function backUp(call: Call): string {
  if (flagOf(call, 'stop')) {
    stopRunning(call)
    if (call.params['vmid'] === undefined && !flagOf(call, 'all')) return 'OK'
  }
  const plan = backupPlan(call)
  if (plan.vmids.length === 0 && !flagOf(call, 'all')) return 'OK'
  const backups = plan.vmids.map((vmid) => guestBackup(plan, vmid))
  const hasFailed = () => backups.some((backup) => backup.hasFailed())
  const ending = () => `INFO: Backup job finished ${hasFailed() ? 'with errors' : 'successfully'}`
  return startTask(call.world, {
    node: plan.node,
    type: 'vzdump',
    id: plan.vmids.length === 1 ? String(plan.vmids[0]) : '',
    user: call.user,
    steps: [
      { seconds: 1, log: openingLines(plan), effect: () => needStorage(plan) },
      ...backups.flatMap(({ steps }) => steps),
      { seconds: 0, log: ending },
      {
        seconds: 0,
        effect: () => {
          if (hasFailed()) throw dies(JOB_FAILED)
        },
      },
    ],
    onFailure: () => {
      for (const backup of backups) backup.letGo()
    },
  })
}

function needStorage({ call, storage, node }: BackupPlan): void {
  try {
    usableStorage(call.world, storage, node, 'backup')
  } catch (error) {
    throw dies(`could not get storage information for '${storage}': ${(error as Error).message}`)
  }
}

function openingLines(plan: BackupPlan): string {
  const { call, vmids, external } = plan
  const asked = Object.entries(call.params).filter(([name]) => !['node', 'vmid'].includes(name))
  const options = asked.map(
    ([name, value]) => `--${name} ${typeof value === 'boolean' ? Number(value) : String(value)}`,
  )
  const first = `INFO: starting new backup job: vzdump ${[...vmids, ...options].join(' ')}`
  return external.length === 0 ? first : `${first}\nINFO: skip external VMs: ${external.join(', ')}`
}

function stopRunning(call: Call): void {
  const node = String(call.params['node'])
  for (const task of call.world.tasks.values()) {
    if (task.node === node && task.type === 'vzdump' && task.exitStatus === undefined)
      stopTask(call.world, task.upid)
  }
}

function defaults(call: Call): Record<string, unknown> {
  const storage = textOf(call, 'storage')
  const retention =
    storage === undefined ? undefined : storageOf(call.world, storage).options['prune-backups']
  if (
    storage !== undefined &&
    !call.may(`/storage/${storage}`, 'Datastore.Audit', 'Datastore.AllocateSpace')
  ) {
    call.need(`/storage/${storage}`, 'Datastore.Audit')
  }
  return {
    mode: 'snapshot',
    compress: '0',
    remove: 1,
    stdexcludes: 1,
    all: 0,
    lockwait: 180,
    stopwait: 10,
    ionice: 7,
    bwlimit: 0,
    'prune-backups': retention === undefined ? 'keep-all=1' : String(retention),
    ...(storage === undefined ? {} : { storage }),
  }
}

/** The configuration as a backup holds it, as text. */
function extractConfig(call: Call): string {
  const volid = String(call.params['volume'])
  const node = String(call.params['node'])
  const storage = storageOf(call.world, storageIdOf(volid))
  const archive = parseArchive(volid)
  needAccess(call, { volid, content: 'backup', vmid: archive?.vmid })
  if (!isActive(storage, node)) usableStorage(call.world, storage.id, node)
  const saved = findVolume(call.world, volid, node)?.saved
  if (saved === undefined)
    throw dies(`unable to extract configuration from '${volid}' - no such backup`)
  return Object.entries(saved.config)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
}
