// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs to plan twice: between the two, all that moves by itself on a cluster has moved. */
import { fakeSecret } from '@sallyport/sdk/testing'
import type { PlanSample } from '@sallyport/sdk/testing'
import { openSimulated } from './simulated-handle.ts'
import type { Simulated, SimulatedOptions } from './simulated-handle.ts'

interface Scene extends SimulatedOptions {
  readonly input: Readonly<Record<string, unknown>>
  before?(at: Simulated): void
}

const web = { node: 'pve1', vmid: 100 }
const BACKUP = 'pbs:backup/vm/100/2026-11-21T08:00:00Z'
const STARTED_MS = Date.UTC(2026, 10, 22, 8)
const HOUR_MS = 3_600_000
const snapshot = { ...web, snapshot: 'installed' }

function stopped(vmid: number): (at: Simulated) => void {
  return (at) => {
    at.guest(vmid).status = 'stopped'
  }
}

const PBS = {
  type: 'pbs',
  server: '10.20.255.40',
  datastore: 'x',
  username: 'backup@pbs',
  fingerprint: Array(32).fill('ab').join(':'),
}

function declared(target: object): Scene['input'] {
  const head = { storage: 'nas2', class: 'slow', role: 'backup', content: ['backup'] }
  return { nodes: ['pve1'], storages: ['nas2'], targets: [{ ...head, ...target }] }
}

/** By job type: at least one of each that plans. */
const SCENES: Readonly<Record<string, readonly Scene[]>> = {
  'guest.backup': [{ input: { ...web, storage: 'nas' } }],
  'guest.clone': [{ input: { ...web, newid: 900, full: true } }],
  'guest.config': [{ input: { ...web, cores: 7, tags: ['a', 'b'] } }],
  'guest.delete': [{ input: { ...web, purge: true }, before: stopped(100) }],
  'guest.identity.reset': [{ input: { ...web, whileRunning: true, name: 'other' } }],
  'guest.migrate': [{ input: { ...web, target: 'pve2', withLocalDisks: true } }],
  'guest.provision': [
    { input: { node: 'pve1', vmid: 900, template: 9000, name: 'new', memoryMib: 1_024 } },
  ],
  'guest.reboot': [{ input: web }],
  'guest.resize': [{ input: { ...web, disk: 'scsi0', size: '640G' } }],
  'guest.restore': [
    { input: { ...web, archive: BACKUP, overwrite: true, start: true }, before: stopped(100) },
    { input: { ...web, vmid: 900, archive: BACKUP } },
  ],
  'guest.restore.latest': [
    { input: { ...web, vmid: 900, backupOf: 100, from: ['local', 'pbs', 'nas'] } },
  ],
  'guest.resume': [{ input: web }],
  'guest.shutdown': [{ input: web }],
  'guest.snapshot.create': [{ input: { ...web, snapshot: 'fresh' } }],
  'guest.snapshot.delete': [{ input: snapshot }],
  'guest.snapshot.rollback': [{ input: { ...snapshot, start: true } }],
  'guest.start': [{ input: web }, { input: web, before: stopped(100) }],
  'guest.stop': [{ input: web }],
  'guest.suspend': [{ input: web }],
  'node.reboot': [{ input: { node: 'pve3' } }],
  'node.shutdown': [{ input: { node: 'pve3' } }],
  'storage.attach': [{ input: declared(PBS) }],
  'storage.reconcile': [{ input: declared({ type: 'nfs', server: '10.20.255.30', export: '/x' }) }],
  'node.wake': [{ input: { node: 'pve3' }, offline: ['pve3'] }, { input: { node: 'pve3' } }],
}

/** Samples for the contract. */
export const PLAN_SAMPLES: Readonly<Record<string, { readonly plans: PlanSample[] }>> =
  Object.fromEntries(
    Object.entries(SCENES).map(([job, scenes]) => [job, { plans: scenes.map(sampleOf) }]),
  )

function sampleOf({ input, before, ...options }: Scene): PlanSample {
  let nowMs = STARTED_MS
  let at: Simulated | undefined
  const use = (): object => {
    if (at === undefined) {
      at = openSimulated({ ...options, clock: () => nowMs })
      before?.(at)
    } else nowMs += HOUR_MS
    return { pve: at.pve, secrets: fakeSecret('nas2=hunter2') }
  }
  return { input, use }
}
