// SPDX-License-Identifier: GPL-3.0-or-later
/** The power of nodes, and what is done with all the guests on one. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { nameOf } from '../guests/guest.ts'
import { disksOf, storageOfDisk } from '../guests/disks.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { started, stopped } from '../guests/power.ts'
import { parseProperties } from '../guests/property-string.ts'
import { guestsOn, startsAtBoot, wakeNode } from '../node-boot.ts'
import { isQuorate, needQuorum, nodeOf } from '../quorum.ts'
import { loseTasksOf, startTask } from '../tasks.ts'
import type { SimGuest, SimNode, SimTaskStep, World } from '../world.ts'

/** The power of nodes. */
export const nodePowerBehaviours: Behaviours = {
  'POST /nodes/{node}/status': powerNode,
  'POST /nodes/{node}/wakeonlan': wake,
  'POST /nodes/{node}/startall': startAll,
  'POST /nodes/{node}/stopall': stopAll,
  'POST /nodes/{node}/suspendall': suspendAll,
  'POST /nodes/{node}/migrateall': migrateAll,
}

const SHUTDOWN_SECONDS = 5
const HALT_SECONDS = 10

/** The guests are shut down, then the node goes; after a reboot it comes back. The answer comes before all that. */
function powerNode(call: Call): null {
  const { world } = call
  const node = nodeOf(world, String(call.params['node']))
  const isReboot = call.params['command'] === 'reboot'
  startTask(world, {
    node: node.name,
    type: 'stopall',
    id: '',
    user: 'root@pam',
    steps: [
      ...guestsOn(world, node.name)
        .filter(isRunning)
        .map((guest) => shutdownStep(call, guest)),
      {
        seconds: HALT_SECONDS,
        effect: () => {
          sleepNode(world, node)
          if (isReboot) wakeNode(world, node)
        },
      },
    ],
  })
  return null
}

/** Takes a node away: its guests stand still and its tasks are lost. */
export function sleepNode(world: World, node: SimNode): void {
  for (const guest of guestsOn(world, node.name)) if (isRunning(guest)) stopped(world, guest)
  node.state = 'offline'
  loseTasksOf(world, node.name)
}

/** Answers with the address the packet was made from. Source: pve-manager Nodes `wakeonlan`. */
function wake(call: Call): string {
  const { world } = call
  const node = nodeOf(world, String(call.params['node']))
  const entry = [...world.nodes.values()].find(({ state }) => state === 'online')
  if (node === entry) throw dies(`'${node.name}' is local node, cannot wake my self!`)
  const config = parseProperties(String(node.config['wakeonlan'] ?? ''))
  const mac = config.get('mac') ?? config.get('')
  if (mac === undefined || mac === '')
    throw dies(`No wake on LAN MAC address defined for '${node.name}'!`)
  if (mac.toUpperCase() === node.mac.toUpperCase()) wakeNode(world, node)
  return mac
}

/** The guests a call is about: those it lists, on this node; all unless it lists any. */
function chosen(call: Call, privilege: string): SimGuest[] {
  const vmids = listOf(call, 'vms').map(Number)
  if (!call.may('/', privilege)) {
    if (vmids.length === 0) call.need('/', privilege)
    for (const vmid of vmids) call.need(`/vms/${vmid}`, privilege)
  }
  const all = guestsOn(call.world, String(call.params['node'])).filter((guest) => !guest.isTemplate)
  return vmids.length === 0 ? all : all.filter(({ vmid }) => vmids.includes(vmid))
}

function runForAll(call: Call, type: string, steps: SimTaskStep[]): string {
  return startTask(call.world, {
    node: String(call.params['node']),
    type,
    id: '',
    user: call.user,
    steps,
  })
}

function startAll(call: Call): string {
  const { world } = call
  const isForced = flagOf(call, 'force') || call.params['vms'] !== undefined
  const guests = chosen(call, 'VM.PowerMgmt').filter((guest) => !isRunning(guest))
  needQuorum(world)
  const steps = guests
    .filter((guest) => isForced || startsAtBoot(world, guest))
    .map((guest): SimTaskStep => {
      if (guest.lock !== undefined)
        return { seconds: 0, warns: true, log: `${nameOf(guest)} is locked (${guest.lock})` }
      return { seconds: 2, log: `Starting ${nameOf(guest)}`, effect: () => started(world, guest) }
    })
  return runForAll(call, 'startall', steps)
}

function stopAll(call: Call): string {
  const guests = chosen(call, 'VM.PowerMgmt').filter(isRunning)
  return runForAll(
    call,
    'stopall',
    guests.map((guest) => shutdownStep(call, guest)),
  )
}

/** One that does not shut down is stopped after its time unless `force-stop` says otherwise. */
function shutdownStep(call: Call, guest: SimGuest): SimTaskStep {
  const timeout = Number(call.params['timeout'] ?? 180)
  const name = nameOf(guest)
  if (guest.obeysShutdown) {
    return {
      seconds: SHUTDOWN_SECONDS,
      log: `Stopping ${name}`,
      effect: () => stopped(call.world, guest),
    }
  }
  if (call.params['force-stop'] === false) {
    return { seconds: timeout, warns: true, log: `${name} not stopped - got timeout` }
  }
  const log = `Stopping ${name}\n${name} did not shut down, forcing it off`
  return { seconds: timeout, log, effect: () => stopped(call.world, guest) }
}

function suspendAll(call: Call): string {
  const guests = chosen(call, 'VM.PowerMgmt').filter(
    (guest) => guest.type === 'qemu' && isRunning(guest),
  )
  const steps = guests.map((guest): SimTaskStep => ({
    seconds: 3,
    log: `Suspending ${nameOf(guest)}`,
    effect: () => {
      stopped(call.world, guest)
      guest.lock = 'suspended'
    },
  }))
  return runForAll(call, 'suspendall', steps)
}

function migrateAll(call: Call): string {
  const { world } = call
  const target = textOf(call, 'target') ?? ''
  const from = String(call.params['node'])
  if (target === from) throw dies(`target is local node.`)
  const guests = chosen(call, 'VM.Migrate')
  if (nodeOf(world, target).state !== 'online' || !isQuorate(world))
    throw dies(`target node '${target}' is not online`)
  const steps = guests.map((guest): SimTaskStep => {
    const why = whyNotMovable(call, guest)
    if (why !== undefined) return { seconds: 1, warns: true, log: `${nameOf(guest)}: ${why}` }
    const log = `Migrating ${nameOf(guest)} to ${target}`
    return { seconds: 5, log, effect: () => void (guest.node = target) }
  })
  return runForAll(call, 'migrateall', steps)
}

function whyNotMovable({ world }: Call, guest: SimGuest): string | undefined {
  if (guest.lock !== undefined) return `locked (${guest.lock})`
  const local = disksOf(guest.type, guest.config).find((disk) => {
    const storage = storageOfDisk(disk)
    return (
      disk.kind === 'bind' ||
      (storage !== undefined && world.storages.get(storage)?.isShared === false)
    )
  })
  return local === undefined ? undefined : `can't migrate local disk '${local.source}'`
}

function isRunning(guest: SimGuest): boolean {
  return guest.status === 'running'
}
