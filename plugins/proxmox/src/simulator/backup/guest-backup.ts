// SPDX-License-Identifier: GPL-3.0-or-later
/** The backup of one guest: locked, read, written, let go. */
import { archiveName } from '../archives.ts'
import { dies } from '../contract.ts'
import { started, stopped } from '../guests/power.ts'
import { labelsOf, wantsAgent } from '../guests/status.ts'
import { markBackups, parseRetention } from '../retention.ts'
import { allocateVolume, removeVolume, usableStorage, volumesOf } from '../volumes.ts'
import type { SimGuest, SimTaskStep, SimVolume, World } from '../world.ts'
import { backupBytes, diskLines } from './backup-volumes.ts'
import type { BackupPlan } from './backup-plan.ts'

const READ_SECONDS = 3
const GIB = 2 ** 30
const RATIO: Readonly<Record<string, number>> = {
  '0': 1,
  zstd: 0.45,
  gzip: 0.42,
  '1': 0.6,
  lzo: 0.6,
}

/** The backup of one guest, as its task goes through it. */
export interface GuestBackup {
  readonly steps: SimTaskStep[]
  /** Lets the guest go as it was before: after a failure, or when the task is stopped. */
  readonly letGo: () => void
  /** Whether it failed. */
  readonly hasFailed: () => boolean
}

/** Plans the backup of the guest with that number. A failure ends only this guest's part of the task. */
export function guestBackup(plan: BackupPlan, vmid: number): GuestBackup {
  const run = new BackupRun(plan, vmid)
  const guest = run.world.guests.get(vmid)
  const step = (seconds: number, does: () => string[]): SimTaskStep => ({
    seconds,
    log: () => run.guarded(does).join('\n'),
  })
  const steps = [
    step(0, () => run.begin()),
    step(READ_SECONDS, () => run.progress(40)),
    step(READ_SECONDS, () => run.progress(100)),
    step(1, () => run.finish()),
  ]
  const warning = guest !== undefined && lacksEfiDisk(guest, plan)
  const log = 'no efidisk configured! Using temporary efivars disk.'
  if (warning) steps.splice(1, 0, { seconds: 0, warns: true, log })
  return { steps, letGo: () => run.letGo(), hasFailed: () => run.failed }
}

/** A machine with UEFI and no disk for its variables that has to be started for its backup. */
function lacksEfiDisk(guest: SimGuest, plan: BackupPlan): boolean {
  const isStarted = guest.status === 'stopped' || plan.mode === 'stop'
  return (
    guest.type === 'qemu' &&
    guest.config['bios'] === 'ovmf' &&
    guest.config['efidisk0'] === undefined &&
    isStarted
  )
}

class BackupRun {
  failed = false
  readonly world: World
  readonly #plan: BackupPlan
  readonly #vmid: number
  #startedAtMs = 0
  #isHeld = false
  #wasRunning = false

  constructor(plan: BackupPlan, vmid: number) {
    this.#plan = plan
    this.world = plan.call.world
    this.#vmid = vmid
  }

  /** Runs a part unless one before it failed; an error becomes a line of the log. */
  guarded(does: () => string[]): string[] {
    if (this.failed) return []
    try {
      return does()
    } catch (error) {
      this.failed = true
      this.letGo()
      const text = (error as Error).message
      return [
        `ERROR: Backup of VM ${this.#vmid} failed - ${text}`,
        `INFO: Failed at ${clock(this.world)}`,
      ]
    }
  }

  begin(): string[] {
    const guest = this.#guest()
    this.#startedAtMs = this.world.now()
    if (guest.lock !== undefined)
      throw dies(`${guest.type === 'qemu' ? 'VM' : 'CT'} is locked (${guest.lock})`)
    const storage = usableStorage(this.world, this.#plan.storage, this.#plan.node, 'backup')
    guest.lock = 'backup'
    this.#isHeld = true
    this.#wasRunning = guest.status === 'running'
    const mode = this.#wasRunning ? this.#plan.mode : 'stop'
    this.#hold(guest, mode)
    const kind = guest.type === 'qemu' ? 'VM' : 'CT'
    return [
      `INFO: Starting Backup of VM ${guest.vmid} (${guest.type})`,
      `INFO: Backup started at ${clock(this.world)}`,
      `INFO: status = ${this.#wasRunning ? 'running' : 'stopped'}`,
      `INFO: ${kind} Name: ${labelsOf(guest).name}`,
      ...diskLines(guest),
      `INFO: backup mode: ${mode}`,
      'INFO: ionice priority: 7',
      ...(mode === 'snapshot' ? agentLines(guest) : []),
      ...(mode === 'stop' && this.#wasRunning ? ['INFO: stopping virtual guest'] : []),
      `INFO: creating ${storage.type === 'pbs' ? 'Proxmox Backup Server' : 'vzdump'} archive '${this.#archive().name.replace(/^backup\//, '')}'`,
    ]
  }

  progress(percent: number): string[] {
    const total = backupBytes(this.world, this.#guest())
    const done = (total * percent) / 100
    return [
      `INFO: ${String(percent).padStart(3)}% (${gib(done)} of ${gib(total)}) in ${percent === 100 ? 2 * READ_SECONDS : READ_SECONDS}s`,
    ]
  }

  finish(): string[] {
    const guest = this.#guest()
    const volume = this.#write(guest)
    const seconds = Math.round((this.world.now() - this.#startedAtMs) / 1000)
    const pruned = this.#prune(guest)
    this.letGo()
    return [
      `INFO: archive file size: ${gib(volume.sizeBytes)}`,
      ...(this.#plan.notesTemplate === undefined ? [] : ['INFO: adding notes to backup']),
      ...(this.#plan.isProtected ? ['INFO: marking backup as protected'] : []),
      ...pruned,
      `INFO: Finished Backup of VM ${guest.vmid} (${duration(seconds)})`,
      `INFO: Backup finished at ${clock(this.world)}`,
    ]
  }

  letGo(): void {
    const guest = this.world.guests.get(this.#vmid)
    if (!this.#isHeld || guest === undefined) return
    this.#isHeld = false
    if (guest.lock === 'backup') guest.lock = undefined
    guest.qmpStatus = 'running'
    if (this.#wasRunning && guest.status === 'stopped') started(this.world, guest)
  }

  #guest(): SimGuest {
    const guest = this.world.guests.get(this.#vmid)
    if (guest === undefined || guest.node !== this.#plan.node)
      throw dies(`unable to find VM '${this.#vmid}'`)
    return guest
  }

  #hold(guest: SimGuest, mode: BackupPlan['mode']): void {
    if (mode === 'suspend') guest.qmpStatus = 'paused'
    if (mode === 'stop' && guest.status === 'running') stopped(this.world, guest)
  }

  #archive(): { name: string; format: string } {
    const storage = usableStorage(this.world, this.#plan.storage, this.#plan.node)
    return archiveName(storage, this.#guest(), this.#startedAtMs, this.#plan.compress)
  }

  #write(guest: SimGuest): SimVolume {
    const { storage, node, compress, isProtected } = this.#plan
    const { name, format } = this.#archive()
    const read = backupBytes(this.world, guest)
    const sizeBytes = Math.max(
      4096,
      Math.round(read * (format.startsWith('pbs') ? 1 : (RATIO[compress] ?? 1))),
    )
    const notes = this.#notes(guest)
    return allocateVolume(this.world, {
      storage,
      node,
      vmid: guest.vmid,
      sizeBytes,
      usedBytes: format.startsWith('pbs') ? Math.round(sizeBytes / 4) : sizeBytes,
      content: 'backup',
      format,
      name,
      isProtected,
      ...(notes === undefined ? {} : { notes }),
      saved: { type: guest.type, config: { ...guest.config } },
    })
  }

  #notes(guest: SimGuest): string | undefined {
    const values: Readonly<Record<string, string>> = {
      guestname: labelsOf(guest).name,
      vmid: String(guest.vmid),
      node: guest.node,
      cluster: this.world.clusterName,
    }
    return this.#plan.notesTemplate
      ?.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole)
      .replace(/\\n/g, '\n')
  }

  #prune(guest: SimGuest): string[] {
    const retention = this.#plan.prune === undefined ? undefined : parseRetention(this.#plan.prune)
    if (retention === undefined) return []
    const backups = volumesOf(this.world, this.#plan.storage, this.#plan.node).filter(
      (volume) =>
        volume.content === 'backup' &&
        volume.vmid === guest.vmid &&
        volume.saved?.type === guest.type,
    )
    const gone = [...markBackups(backups, retention)].flatMap(([volume, mark]) =>
      mark === 'remove' ? [volume] : [],
    )
    for (const volume of gone) removeVolume(this.world, volume)
    return [
      `INFO: prune older backups with retention: ${this.#plan.prune}`,
      ...gone.map(({ volid }) => `INFO: removing backup '${volid}'`),
      `INFO: pruned ${gone.length} backup(s) not covered by keep-retention policy`,
    ]
  }
}

function agentLines(guest: SimGuest): string[] {
  if (guest.type === 'lxc') return ["INFO: create storage snapshot 'vzdump'"]
  if (!wantsAgent(guest)) return []
  if (!guest.hasAgent)
    return ["INFO: skipping guest-agent 'fs-freeze', agent configured but not running?"]
  return [
    "INFO: issuing guest-agent 'fs-freeze' command",
    "INFO: issuing guest-agent 'fs-thaw' command",
  ]
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`
}

function duration(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19)
}

function clock(world: World): string {
  return new Date(world.now()).toISOString().slice(0, 19).replace('T', ' ')
}
