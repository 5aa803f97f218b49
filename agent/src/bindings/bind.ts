// SPDX-License-Identifier: Apache-2.0
/** What a person does with the bindings of an agent on its host: bind a name, look, unbind it. */
import { realpathSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import type { Binding } from '@sallyport/core/plugins'
import { instantOf } from '@sallyport/core/protocol'
import { systemClock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import { readAgentFile } from '../agent-file.ts'
import { openVaultKeys, type VaultPlace } from '../vault.ts'
import { withBinding } from './binding-locks.ts'
import { changeBindings, readBindings, type BindingsPlace } from './bindings-file.ts'
import { boundAs } from './bindings-form.ts'
import { readLocks } from './read-locks.ts'
import { summariesOf, summaryOf, type BindingSummary } from './summary.ts'

/** A name of a plugin. */
export interface BoundName {
  readonly plugin: string
  readonly name: string
}

/**
 * Binds a name, in place of what it stood for before; works beside the running agent. Whatever locked it is over then.
 *
 * Throws: ERR_BINDING_FORM, ERR_BINDINGS_FILE, ERR_NOT_ENROLLED, ERR_KEY_FILE_…, ERR_PASSPHRASE.
 */
export async function bindName(
  place: VaultPlace,
  { plugin, name }: BoundName,
  binding: Binding,
): Promise<{ bound: BindingSummary; replaced: BindingSummary | null }> {
  const checked = binding.kind === 'folder' ? folderBinding(binding.path, place) : binding
  let replaced: BindingSummary | null = null
  await changeBindings(bindingsPlace(place), (bindings) => {
    const before = boundAs(bindings, plugin, name)
    if (before !== undefined) replaced = summaryOf(plugin, name, before)
    return withBinding(bindings, { plugin, name }, dated(checked, before))
  })
  return { bound: summaryOf(plugin, name, checked), replaced }
}

/** Takes the meaning of a name away; null when it had none. Throws: as `bindName`. */
export async function unbindName(
  place: VaultPlace,
  { plugin, name }: BoundName,
): Promise<BindingSummary | null> {
  let removed: BindingSummary | null = null
  await changeBindings(bindingsPlace(place), (bindings) => {
    const names = Object.hasOwn(bindings, plugin) ? bindings[plugin]! : {}
    if (!Object.hasOwn(names, name)) return bindings
    const { [name]: gone, ...kept } = names
    removed = summaryOf(plugin, name, gone!)
    const { [plugin]: _, ...others } = bindings
    return Object.keys(kept).length === 0 ? others : { ...others, [plugin]: kept }
  })
  return removed
}

/** All bindings without their secrets. Throws: as `bindName`. */
export function listBindings(place: VaultPlace): BindingSummary[] {
  const { bindings } = readBindings(bindingsPlace(place))
  return summariesOf(bindings, readLocks(place.stateDir))
}

/**
 * The binding with the time at which it was bound.
 *
 * Why the time of the signed pin before it stays: that pin, and every older one, must not come back over it.
 */
function dated(binding: Binding, before: Binding | undefined): Binding {
  if (binding.kind !== 'endpoint') return binding
  const pinIssuedAt = before?.kind === 'endpoint' ? before.pinIssuedAt : undefined
  const boundAt = instantOf(systemClock.now())
  return { ...binding, boundAt, ...(pinIssuedAt !== undefined && { pinIssuedAt }) }
}

function bindingsPlace(place: VaultPlace): BindingsPlace {
  readAgentFile(place.stateDir)
  return { stateDir: place.stateDir, key: openVaultKeys(place).bindingsKey }
}

/** Why not the state directory nor above it: a plugin that writes there would be the agent. */
function folderBinding(path: string, { stateDir }: VaultPlace): Binding {
  const folder = resolvedFolder(path)
  const state = realpathSync(stateDir)
  const inside = (child: string, parent: string): boolean =>
    child === parent || child.startsWith(parent === sep ? sep : `${parent}${sep}`)
  if (inside(state, folder) || inside(folder, state)) {
    throw formError(`${folder} holds the state directory of the agent, or lies in it`)
  }
  return { kind: 'folder', path: folder }
}

function resolvedFolder(path: string): string {
  let folder: string
  try {
    folder = realpathSync(resolve(path))
  } catch (cause) {
    throw formError(`there is no folder ${path}`, cause)
  }
  if (statSync(folder).isDirectory()) return folder
  throw formError(`${path} is not a folder`)
}

function formError(message: string, cause?: unknown): CodedError {
  return new CodedError('ERR_BINDING_FORM', message, { cause })
}
