// SPDX-License-Identifier: GPL-3.0-or-later
/** Nodes coming up, with the guests that start with them. */
import { isHaManaged } from './guests/guest.ts'
import { applyPending } from './guests/pending.ts'
import type { SimGuest, SimNode, World } from './world.ts'

/** How long a node takes from power on to being a member of the cluster. Units: simulated seconds. */
export const BOOT_SECONDS = 45

/** Starts a node that is off; nothing happens to one that is on. */
export function wakeNode(world: World, node: SimNode): void {
  if (node.state !== 'offline') return
  node.state = 'waking'
  node.onlineAtMs = world.now() + BOOT_SECONDS * world.secondMs
}

/** Brings up the nodes whose time has come; guests that start with their node are started. */
export function settleNodes(world: World): void {
  for (const node of world.nodes.values()) {
    if (node.state !== 'waking' || node.onlineAtMs > world.now()) continue
    node.state = 'online'
    node.bootedAtMs = node.onlineAtMs
    for (const guest of guestsOn(world, node.name))
      if (startsAtBoot(world, guest)) boot(guest, node.onlineAtMs)
  }
}

/** Whether a guest that stands still starts with its node. */
export function startsAtBoot(world: World, guest: SimGuest): boolean {
  if (guest.isTemplate || guest.lock !== undefined || guest.status === 'running') return false
  return guest.config['onboot'] === 1 || isHaManaged(world, guest)
}

/** The guests on a node in the order of their numbers. */
export function guestsOn(world: World, node: string): SimGuest[] {
  return [...world.guests.values()]
    .filter((guest) => guest.node === node)
    .sort((one, other) => one.vmid - other.vmid)
}

function boot(guest: SimGuest, atMs: number): void {
  applyPending(guest)
  guest.status = 'running'
  guest.qmpStatus = 'running'
  guest.startedAtMs = atMs
}
