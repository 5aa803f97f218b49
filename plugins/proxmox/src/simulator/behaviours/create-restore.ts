// SPDX-License-Identifier: GPL-3.0-or-later
/** Making guests: from nothing, from a template of a container, from a backup. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { blankGuest, type CreatePlan, createPlan } from '../create/create-plan.ts'
import { restoreInto } from '../create/restore-config.ts'
import { randomUuid, storedValue } from '../guests/config-values.ts'
import { destroy } from '../guests/destroy.ts'
import { needUnlocked, needUnprotected, serviceOf } from '../guests/guest.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { started } from '../guests/power.ts'
import { startTask } from '../tasks.ts'
import type { SimGuest, SimTaskStep } from '../world.ts'

const CREATE_SECONDS = 2
const RESTORE_SECONDS = 4
const START_SECONDS = 2
const DEFAULT_ROOT_GIB = 4

/** Creating and restoring. */
export const createRestoreBehaviours: Behaviours = {
  'POST /nodes/{node}/qemu': (call) => run(createPlan(call, 'qemu')),
  'POST /nodes/{node}/lxc': (call) => run(createPlan(call, 'lxc')),
}

/** The guest is there at once, locked; it is gone again when the task fails. */
function run(plan: CreatePlan): string {
  const { call, world, type, node, vmid, backup, existing } = plan
  const guest = existing ?? blankGuest(type, vmid, node)
  if (existing === undefined) {
    guest.lock = 'create'
    world.guests.set(vmid, guest)
  }
  let hasBegun = existing === undefined
  const begin = () => {
    if (existing !== undefined) needReplaceable(existing)
    hasBegun = true
    guest.lock = 'create'
  }
  const verb = backup === undefined ? 'create' : 'restore'
  return startTask(world, {
    node,
    type: `${type === 'qemu' ? 'qm' : 'vz'}${verb}`,
    id: String(vmid),
    user: call.user,
    steps: [
      { seconds: 0, effect: begin },
      ...(backup === undefined ? createSteps(plan, guest) : restoreSteps(plan, guest)),
      ...endSteps(plan, guest),
    ],
    onFailure: () => {
      if (!hasBegun) return
      guest.lock = undefined
      if (existing === undefined) destroy(world, guest, true)
    },
  })
}

function needReplaceable(guest: SimGuest): void {
  const what = `unable to restore ${guest.type === 'qemu' ? 'VM' : 'CT'} ${guest.vmid}`
  needUnprotected(guest, what)
  if (guest.status === 'running') throw dies(`${what} - vm is running`)
  if (guest.isTemplate) throw dies(`${what} - vm is a template`)
  needUnlocked(guest)
}

function createSteps(plan: CreatePlan, guest: SimGuest): SimTaskStep[] {
  const log = () => {
    guest.config =
      guest.type === 'qemu'
        ? { smbios1: `uuid=${randomUuid(plan.world)}`, vmgenid: randomUuid(plan.world) }
        : lxcDefaults(plan)
    return applySettings(plan, guest).join('\n')
  }
  return [{ seconds: CREATE_SECONDS, log }]
}

function lxcDefaults({ call, vmid }: CreatePlan): Record<string, string | number> {
  const template = textOf(call, 'ostemplate') ?? ''
  const known = [
    'debian',
    'ubuntu',
    'alpine',
    'fedora',
    'centos',
    'archlinux',
    'opensuse',
    'gentoo',
    'devuan',
    'nixos',
  ]
  return {
    arch: 'amd64',
    hostname: `CT${vmid}`,
    memory: 512,
    ostype: known.find((name) => template.includes(name)) ?? 'unmanaged',
    swap: 512,
  }
}

function restoreSteps(plan: CreatePlan, guest: SimGuest): SimTaskStep[] {
  const volid = plan.backup?.volid ?? ''
  const opening =
    guest.type === 'qemu'
      ? `restore ${volid.includes(':backup/vm/') ? 'proxmox backup image' : 'vma archive'}: ${volid}`
      : `recovering backed-up configuration from '${volid}'\nrestoring '${volid}' now..`
  const restore = () =>
    [...restoreInto(plan, guest), ...applySettings(plan, guest), 'rescan volumes...'].join('\n')
  return [
    { seconds: 1, log: opening },
    { seconds: RESTORE_SECONDS, log: restore },
  ]
}

/** Puts the settings of the call into the configuration, volumes allocated; gives the lines of the log. */
function applySettings(plan: CreatePlan, guest: SimGuest): string[] {
  const at = { call: plan.call, world: plan.world, guest }
  const settings = new Map(plan.settings)
  if (guest.type === 'lxc' && plan.backup === undefined && !settings.has('rootfs')) {
    settings.set('rootfs', `${plan.storage ?? 'local'}:${DEFAULT_ROOT_GIB}`)
  }
  const lines: string[] = []
  for (const [key, value] of settings) {
    const stored = typeof value === 'number' ? value : storedValue(at, key, value)
    guest.config[key] = stored
    if (stored !== value && String(stored).includes('size='))
      lines.push(`${key}: successfully created disk '${stored}'`)
  }
  return lines
}

function endSteps(plan: CreatePlan, guest: SimGuest): SimTaskStep[] {
  const { call, world } = plan
  const release = () => {
    guest.lock = undefined
    guest.isTemplate = guest.config['template'] === 1
    joinPool(call, guest)
    if (flagOf(call, 'ha-managed')) {
      const sid = serviceOf(guest)
      world.ha.resources.set(sid, {
        sid,
        state: 'started',
        group: undefined,
        comment: '',
        settings: {},
      })
    }
  }
  const ending = { seconds: 0, effect: release }
  if (!flagOf(call, 'start')) return [ending]
  return [ending, { seconds: START_SECONDS, effect: () => started(world, guest) }]
}

function joinPool({ world, params }: Call, guest: SimGuest): void {
  const pool = world.pools.get(String(params['pool'] ?? ''))
  if (pool === undefined) return
  world.pools.get(guest.pool ?? '')?.guests.delete(guest.vmid)
  pool.guests.add(guest.vmid)
  guest.pool = pool.id
}
