// SPDX-License-Identifier: GPL-3.0-or-later
/** What stands in the way of moving a guest, as Proxmox VE tells it beforehand. */
import { lxcOf, qemuOf } from './guest-ref.ts'
import type { Guest } from './guest-ref.ts'
import type { Answer } from './pve-additions.ts'
import type { Pve } from './pve.ts'
import { isTrue, lineOf, membersOf, numberOf, rowsOf, textOf } from './values.ts'

/** What was told, each sorted. */
export interface MoveCheck {
  /** Volumes that only the node of the guest has. */
  readonly localDisks: readonly string[]
  /** Devices and the like that only its node has. */
  readonly localResources: readonly string[]
  /** Why the target is not among the allowed nodes. */
  readonly blockedBy: readonly string[]
  /** Guests that an HA rule takes along. */
  readonly dependents: readonly string[]
}

const UNKNOWN: MoveCheck = { localDisks: [], localResources: [], blockedBy: [], dependents: [] }

/** Asks beforehand. Before PVE 9 nothing is told of a container: there the move itself tells. */
export async function moveCheckOf(pve: Pve, guest: Guest, target: string): Promise<MoveCheck> {
  if (guest.kind === 'qemu')
    return parseMoveCheck(await qemuOf(pve, guest).migrate.$get({ target }), target)
  const { migrate } = lxcOf(pve, guest) as unknown as {
    migrate: { $get(params: { target: string }): Promise<Answer> }
  }
  const { version } = await pve.version.$get()
  const isOld = (numberOf(lineOf(version).split('.')[0]) ?? 0) < 9
  return isOld ? UNKNOWN : parseMoveCheck(await migrate.$get({ target }), target)
}

/** Reads the answer about a machine (`allowed_nodes`) or a container (`allowed-nodes`). */
export function parseMoveCheck(answer: unknown, target: string): MoveCheck {
  const told = membersOf(answer)
  const disks = rowsOf(told['local_disks']).filter(({ cdrom }) => !isTrue(cdrom))
  return {
    localDisks: disks.flatMap(({ volid }) => textOf(volid) ?? []).sort(),
    localResources: textsOf(told['local_resources']),
    blockedBy: blockedBy(told, target),
    dependents: textsOf(told['dependent-ha-resources']),
  }
}

/** Why first the reasons: a node is left out of the allowed ones also where no reason is given. */
function blockedBy(told: Readonly<Record<string, unknown>>, target: string): string[] {
  const blocked = membersOf(told['not_allowed_nodes'] ?? told['not-allowed-nodes'])
  const reasons = reasonsOf(membersOf(blocked[target] ?? blocked))
  const allowed = told['allowed_nodes'] ?? told['allowed-nodes']
  if (!Array.isArray(allowed) || allowed.includes(target)) return []
  return reasons.length > 0 ? reasons : ['it is not among the nodes that it can go to']
}

function reasonsOf(blocked: Readonly<Record<string, unknown>>): string[] {
  const storages = textsOf(blocked['unavailable_storages']).map(
    (name) => `no storage ${name} there`,
  )
  const rules = rowsOf(blocked['blocking-ha-resources']).map(
    ({ sid, cause }) => `HA rule (${lineOf(cause ?? '')}) with ${lineOf(sid ?? '')}`,
  )
  return [...storages, ...rules]
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((each) => textOf(each) ?? []).sort() : []
}
