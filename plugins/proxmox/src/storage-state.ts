// SPDX-License-Identifier: GPL-3.0-or-later
/** A storage on a node: whether it is there, can be reached, and takes what is to be put on it. */
import { isCodedError, route } from '@sallyport/sdk'
import type { RouteScope } from '@sallyport/sdk'
import { pveFailed } from './errors.ts'
import { listOf } from './inventory.ts'
import type { Pve } from './pve.ts'
import { isTrue, membersOf, numberOf, textOf } from './values.ts'

/** A storage as one node sees it. */
export interface StorageState {
  readonly storage: string
  readonly node: string
  readonly type: string
  readonly isEnabled: boolean
  /** Whether the node reaches it now. */
  readonly isActive: boolean
  readonly isShared: boolean
  readonly content: readonly string[]
  readonly usedBytes: number | undefined
  readonly availableBytes: number | undefined
  readonly totalBytes: number | undefined
}

/** The route that `storageStateOf` needs; `resource` is the one that names the storage. */
export function storageRoute(resource = 'storage'): RouteScope {
  return route(`GET /nodes/{node}/storage/{${resource}}/status`, { query: {}, others: 'forbidden' })
}

/** Reads a storage; throws as the request does, for one that does not exist or must not be seen. */
export async function storageStateOf(
  pve: Pve,
  at: { readonly node: string; readonly storage: string },
): Promise<StorageState> {
  const { node, storage } = at
  const told = membersOf(await pve.nodes.$(node).storage.$(storage).status.$get())
  return parseStorage(node, storage, told)
}

/** One row of what a node tells of its storages. */
export function parseStorage(
  node: string,
  storage: string,
  told: Readonly<Record<string, unknown>>,
): StorageState {
  return {
    storage,
    node,
    type: textOf(told['type']) ?? 'unknown',
    isEnabled: told['enabled'] === undefined || isTrue(told['enabled']),
    isActive: isTrue(told['active']),
    isShared: isTrue(told['shared']),
    content: listOf(told['content']).sort(),
    usedBytes: numberOf(told['used']),
    availableBytes: numberOf(told['avail']),
    totalBytes: numberOf(told['total']),
  }
}

/** Why a storage cannot be used for a kind of content now; undefined when it can. */
export function storageFault(state: StorageState, content: string): string | undefined {
  if (!state.isEnabled) return 'it is switched off'
  if (!state.isActive) return `${state.node} does not reach it`
  return state.content.includes(content) ? undefined : `it is not for ${content}`
}

/** A storage that can be used. Throws: ERR_PVE_STORAGE with the reason. */
export async function usableStorage(
  pve: Pve,
  at: { readonly node: string; readonly storage: string },
  content: string,
): Promise<StorageState> {
  const { node, storage } = at
  const state = await storageStateOf(pve, at).catch((error: unknown) => {
    if (!isCodedError(error) || error.code !== 'ERR_PVE_REFUSED') throw error
    throw unusable(at, error.message)
  })
  const why = storageFault(state, content)
  if (why !== undefined) throw unusable({ node, storage }, why)
  return state
}

function unusable(
  { node, storage }: { readonly node: string; readonly storage: string },
  why: string,
): Error {
  return pveFailed(
    'ERR_PVE_STORAGE',
    `storage ${storage} cannot be used on ${node}: ${why}; see proxmox/storage.status`,
    { details: { node, storage, effect: 'none' } },
  )
}
