// SPDX-License-Identifier: GPL-3.0-or-later
/** Moving guests from node to node. */
import { type Behaviours, dies, PveError } from '../contract.ts'
import {
  forGuests,
  type GuestCall,
  isHaManaged,
  nameOf,
  needUnlocked,
  serviceOf,
} from '../guests/guest.ts'
import { startGuestTask } from '../guests/guest-task.ts'
import {
  localDevices,
  localDisks,
  missingStorages,
  type Move,
  moveGuest,
  needStoragesOn,
  problemOf,
  storageMap,
} from '../guests/migrate.ts'
import { flagOf, textOf } from '../guests/params.ts'
import { started, stopped } from '../guests/power.ts'
import { isNewer } from '../guests/version.ts'
import { needQuorum } from '../quorum.ts'
import { startTask } from '../tasks.ts'
import { findVolume } from '../volumes.ts'
import type { SimTaskStep, World } from '../world.ts'

/** Moves of guests. */
export const guestMigrateBehaviours: Behaviours = {
  ...forGuests({ 'POST /migrate': migrate }),
  ...forGuests({ 'GET /migrate': machinePreconditions }, ['qemu']),
  ...forGuests({ 'GET /migrate': containerPreconditions }, ['lxc']),
}

function migrate(at: GuestCall): string {
  const { call, world, guest } = at
  const target = textOf(call, 'target') ?? ''
  if (target === guest.node)
    throw new PveError(400, 'Parameter verification failed.', { target: 'target is local node.' })
  needQuorum(world)
  if (!world.nodes.has(target)) throw dies(`no such cluster node '${target}'`)
  needUnlocked(guest)
  const move = moveOf(at, target)
  const isRunning = guest.status === 'running'
  const restarts = flagOf(call, 'restart')
  if (isRunning && guest.type === 'qemu' && !move.isOnline)
    throw dies("can't migrate running VM without --online")
  if (isRunning && guest.type === 'lxc' && !move.isOnline && !restarts) {
    throw dies("can't migrate running container without --online or --restart")
  }
  if (isHaManaged(world, guest)) return askManager(at, move)
  if (problemOf(world, move) === undefined) needStoragesOn(world, move)
  return startMove(at, move, call.user)
}

function moveOf({ call, guest }: GuestCall, target: string): Move {
  const names = guest.type === 'qemu' ? 'targetstorage' : 'target-storage'
  return {
    guest,
    target,
    storageFor: storageMap(textOf(call, names)),
    isOnline: flagOf(call, 'online'),
    withLocalDisks: flagOf(call, 'with-local-disks'),
  }
}

function startMove(at: GuestCall, move: Move, user: string): string {
  const { world, guest } = at
  const problem = problemOf(world, move)
  const ip = world.nodes.get(move.target)?.ip ?? ''
  const first = {
    seconds: 1,
    log: () =>
      `${stamp(world)} starting migration of ${nameOf(guest)} to node '${move.target}' (${ip})`,
  }
  const type = guest.type === 'qemu' ? '=qmigrate' : '=vzmigrate'
  if (problem !== undefined) {
    const log = () => `${stamp(world)} ERROR: migration aborted (duration 00:00:01): ${problem}`
    return startGuestTask(at, {
      type,
      user,
      steps: [first, { seconds: 0, log, fails: 'migration aborted' }],
    })
  }
  return startGuestTask(at, { type, user, lock: 'migrate', steps: [first, ...moveSteps(at, move)] })
}

function moveSteps({ world, guest }: GuestCall, move: Move): SimTaskStep[] {
  const restarts = guest.type === 'lxc' && guest.status === 'running'
  const disks = localDisks(world, guest)
  const bytes = disks.reduce(
    (sum, disk) => sum + (findVolume(world, disk.source, guest.node)?.sizeBytes ?? 0),
    0,
  )
  const found = disks.map((disk) => `${stamp(world)} found local disk '${disk.source}' (attached)`)
  const done = { seconds: 0, log: () => `${stamp(world)} migration finished successfully` }
  return [
    ...(restarts
      ? [{ seconds: 2, log: `shutdown CT ${guest.vmid}`, effect: () => stopped(world, guest) }]
      : []),
    ...(found.length === 0
      ? []
      : [{ seconds: Math.ceil(bytes / (8 * 2 ** 30)), log: found.join('\n') }]),
    { seconds: 3, effect: () => moveGuest(world, move) },
    ...(restarts
      ? [{ seconds: 2, log: `start container on target node`, effect: () => started(world, guest) }]
      : []),
    done,
  ]
}

/** The HA manager moves the guest by itself: it keeps what runs running, and restarts containers. */
function askManager(at: GuestCall, move: Move): string {
  const { world, guest, call } = at
  const effect = () => {
    const isOnline = guest.type === 'qemu' && guest.status === 'running'
    if (guest.node !== move.target)
      startMove(at, { ...move, isOnline, withLocalDisks: true }, 'root@pam')
  }
  return startTask(world, {
    node: guest.node,
    type: 'hamigrate',
    id: String(guest.vmid),
    user: call.user,
    steps: [
      {
        seconds: 1,
        log: `Requesting HA migration for ${nameOf(guest)} to node ${move.target}`,
        effect,
      },
    ],
  })
}

function machinePreconditions({ world, guest }: GuestCall): unknown {
  const others = otherNodes(world, guest.node)
  const missing = Object.fromEntries(
    others.map((node) => [node, missingStorages(world, guest, node)] as const),
  )
  const refused = Object.entries(missing).filter(([, storages]) => storages.length > 0)
  return {
    running: guest.status === 'running' ? 1 : 0,
    allowed_nodes: others.filter((node) => missing[node]?.length === 0),
    not_allowed_nodes: Object.fromEntries(
      refused.map(([node, storages]) => [node, { unavailable_storages: storages }]),
    ),
    local_disks: localDisks(world, guest).map((disk) => ({
      volid: disk.source,
      size: findVolume(world, disk.source, guest.node)?.sizeBytes ?? 0,
      cdrom: disk.kind === 'cdrom' ? 1 : 0,
      is_unused: disk.key.startsWith('unused') ? 1 : 0,
    })),
    local_resources: localDevices(guest),
    'mapped-resources': [],
    'mapped-resource-info': {},
    ...(isNewer(world)
      ? { 'has-dbus-vmstate': 1, 'dependent-ha-resources': dependents(world, serviceOf(guest)) }
      : {}),
  }
}

function containerPreconditions({ world, guest }: GuestCall): unknown {
  return {
    running: guest.status === 'running' ? 1 : 0,
    'allowed-nodes': otherNodes(world, guest.node),
    'not-allowed-nodes': {},
    'dependent-ha-resources': dependents(world, serviceOf(guest)),
  }
}

/** The services that rules of positive affinity keep together with one. */
function dependents(world: World, service: string): string[] {
  const rules = [...world.ha.rules.values()].filter(
    (rule) => rule['type'] === 'resource-affinity' && rule['affinity'] === 'positive',
  )
  const groups = rules.map((rule) => String(rule['resources'] ?? '').split(','))
  return groups
    .filter((group) => group.includes(service))
    .flatMap((group) => group.filter((sid) => sid !== service))
}

function otherNodes(world: World, node: string): string[] {
  return [...world.nodes.values()]
    .filter(({ name, state }) => name !== node && state === 'online')
    .map(({ name }) => name)
}

function stamp(world: World): string {
  return new Date(world.now()).toISOString().slice(0, 19).replace('T', ' ')
}
