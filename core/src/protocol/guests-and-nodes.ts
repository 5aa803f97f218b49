// SPDX-License-Identifier: Apache-2.0
/** Which guests and nodes a job acts on, told by the names of its resources. */
import type { Resources } from '@sallyport/sdk'

/** Resources whose values are VMIDs: of a guest, of a new one, of the one a copy is made of. */
export const GUEST_RESOURCES = ['vmid', 'newid', 'template', 'backupOf'] as const

/** Resources whose values are names of nodes. */
export const NODE_RESOURCES = ['node', 'target'] as const

/** VMIDs of all guests that a job names, each once. */
export function guestsOf(resources: Resources): string[] {
  return valuesOf(GUEST_RESOURCES, resources)
}

/** Names of all nodes that a job names, each once. */
export function nodesOf(resources: Resources): string[] {
  return valuesOf(NODE_RESOURCES, resources)
}

function valuesOf(names: readonly string[], resources: Resources): string[] {
  return [...new Set(names.flatMap((name) => resources.get(name) ?? []))]
}
