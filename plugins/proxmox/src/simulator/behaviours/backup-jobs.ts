// SPDX-License-Identifier: GPL-3.0-or-later
/** The backup jobs of the cluster: what they say, and which guests they take. */
import { type Behaviours, type Call, dies, PveError } from '../contract.ts'
import { disksOf } from '../guests/disks.ts'
import { digestOf } from '../guests/digest.ts'
import { listOf } from '../guests/params.ts'
import { parseProperties } from '../guests/property-string.ts'
import { labelsOf } from '../guests/status.ts'
import { needQuorum } from '../quorum.ts'
import { storageOf } from '../volumes.ts'
import { isLeftOut, reasonOf } from '../backup/backup-volumes.ts'
import type { SimGuest, World } from '../world.ts'

type Job = Record<string, unknown>

const ROOT_ONLY = ['tmpdir', 'dumpdir', 'script']
const DAY_SECONDS = 86_400

/** Backup jobs. */
export const backupJobBehaviours: Behaviours = {
  'GET /cluster/backup': (call) =>
    [...call.world.jobs.values()].map((job) => shown(call.world, job)),
  'POST /cluster/backup': createJob,
  'GET /cluster/backup/{id}': (call) => shown(call.world, jobOf(call)),
  'PUT /cluster/backup/{id}': changeJob,
  'DELETE /cluster/backup/{id}': (call) => {
    needQuorum(call.world)
    call.world.jobs.delete(String(jobOf(call)['id']))
    return null
  },
  'GET /cluster/backup/{id}/included_volumes': (call) => ({
    children: guestsOf(call.world, jobOf(call)).map(includedVolumes),
  }),
  'GET /cluster/backup-info': () => [{ subdir: 'not-backed-up' }],
  'GET /cluster/backup-info/not-backed-up': ({ world }) => {
    const covered = new Set([...world.jobs.values()].flatMap((job) => guestsOf(world, job)))
    return [...world.guests.values()]
      .filter((guest) => !covered.has(guest))
      .map((guest) => ({ vmid: guest.vmid, type: guest.type, name: labelsOf(guest).name }))
  },
}

function jobOf(call: Call): Job {
  const job = call.world.jobs.get(String(call.params['id']))
  if (job === undefined)
    throw new PveError(400, 'Parameter verification failed.', { id: 'No such job' })
  return job
}

/** Retention is shown taken apart, and the next run when there is one. */
function shown(world: World, job: Job): Job {
  const retention = job['prune-backups']
  const now = Math.floor(world.now() / 1000)
  const isOn = job['enabled'] !== 0 && job['schedule'] !== undefined
  return {
    ...job,
    ...(typeof retention === 'string' ? { 'prune-backups': numbers(retention) } : {}),
    ...(isOn ? { 'next-run': (Math.floor(now / DAY_SECONDS) + 1) * DAY_SECONDS } : {}),
  }
}

function numbers(text: string): Record<string, number> {
  return Object.fromEntries([...parseProperties(text)].map(([key, value]) => [key, Number(value)]))
}

function createJob(call: Call): null {
  const { world } = call
  needQuorum(world)
  const id = String(
    call.params['id'] ??
      `backup-${digestOf(String(world.random())).slice(0, 8)}-${digestOf('job').slice(0, 4)}`,
  )
  if (world.jobs.has(id)) throw dies(`Job '${id}' already exists`)
  if (call.params['schedule'] === undefined && call.params['starttime'] === undefined) {
    throw new PveError(400, 'Parameter verification failed.', {
      schedule: 'either schedule or starttime is required',
    })
  }
  const selections = ['all', 'vmid', 'pool'].filter(
    (name) => call.params[name] !== undefined && call.params[name] !== false,
  )
  if (selections.length !== 1)
    throw dies("one of 'all', 'vmid' or 'pool' is required, and only one of them")
  world.jobs.set(id, { id, type: 'vzdump', enabled: 1, ...settingsOf(call) })
  return null
}

function changeJob(call: Call): null {
  needQuorum(call.world)
  const job = jobOf(call)
  const settings = settingsOf(call)
  for (const name of listOf(call, 'delete')) delete job[name]
  Object.assign(job, settings)
  return null
}

function settingsOf(call: Call): Job {
  const settings: Job = {}
  for (const [name, value] of Object.entries(call.params)) {
    if (name === 'id' || name === 'delete') continue
    if (ROOT_ONLY.includes(name) && call.user !== 'root@pam')
      throw dies(`Only root may set '${name}'`)
    settings[name] =
      typeof value === 'boolean'
        ? Number(value)
        : name === 'vmid'
          ? listOf(call, 'vmid').join(',')
          : value
  }
  if (typeof settings['storage'] === 'string') storageOf(call.world, settings['storage'])
  return settings
}

function guestsOf(world: World, job: Job): SimGuest[] {
  const names = (name: string) => String(job[name] ?? '').split(',')
  return [...world.guests.values()].filter((guest) => {
    if (job['node'] !== undefined && job['node'] !== guest.node) return false
    if (job['all'] === 1) return !names('exclude').includes(String(guest.vmid))
    if (job['pool'] !== undefined) return guest.pool === job['pool']
    return names('vmid').includes(String(guest.vmid))
  })
}

function includedVolumes(guest: SimGuest): Job {
  const children = disksOf(guest.type, guest.config)
    .filter((disk) => disk.kind !== 'cdrom')
    .map((disk) => {
      const reason = reasonOf(guest, disk)
      return { id: disk.key, name: disk.source, included: isLeftOut(guest, disk) ? 0 : 1, reason }
    })
  return { id: guest.vmid, type: guest.type, name: labelsOf(guest).name, children }
}
