// SPDX-License-Identifier: GPL-3.0-or-later
/** A guest's configuration as the API shows it. */
import type { SimGuest, SimSnapshot } from '../world.ts'
import { configDigest } from './digest.ts'
import { configAfterRestart, PENDING_DELETE, pendingDeletes } from './pending.ts'

type Config = Record<string, string | number>

/** One line of the list of pending changes. */
export interface PendingEntry {
  readonly key: string
  readonly value?: string
  readonly pending?: string
  readonly delete?: 1 | 2
}

/** The configuration, with what waits for a restart unless the current one is asked for. */
export function configView(guest: SimGuest, isCurrent: boolean): Config {
  const config = shown(guest, isCurrent ? guest.config : configAfterRestart(guest))
  if (guest.lock !== undefined) config['lock'] = guest.lock
  if (guest.parent !== undefined) config['parent'] = guest.parent
  if (guest.isTemplate) config['template'] = 1
  return { ...config, digest: configDigest(guest) }
}

/** The configuration that a snapshot keeps. */
export function snapshotConfigView(guest: SimGuest, snapshot: SimSnapshot): Config {
  return {
    ...shown(guest, snapshot.config),
    snaptime: Math.floor(snapshot.takenAtMs / 1000),
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    ...(snapshot.description === '' ? {} : { description: snapshot.description }),
  }
}

/** Every key with its value, and what will become of it. Shape: `delete` is 2 for what is taken out by force. */
export function pendingView(guest: SimGuest): PendingEntry[] {
  const { [PENDING_DELETE]: _, ...changes } = guest.pending
  const current = configView({ ...guest, pending: {} }, true)
  const deletes = pendingDeletes(guest)
  const keys = [...new Set([...Object.keys(current), ...Object.keys(changes)])].sort()
  return keys.map((key) => ({
    key,
    ...(current[key] === undefined
      ? {}
      : { value: String(key === 'digest' ? configDigest(guest) : current[key]) }),
    ...(changes[key] === undefined ? {} : { pending: masked(key, changes[key]) }),
    ...(deletes.includes(key) ? { delete: 1 as const } : {}),
  }))
}

/** Why: descriptions of containers come back with an end of line, memory of virtual machines as text. */
function shown(guest: SimGuest, config: Readonly<Config>): Config {
  const view: Config = { ...config }
  if (guest.type === 'qemu' && view['memory'] !== undefined) view['memory'] = String(view['memory'])
  if (view['description'] !== undefined) {
    view['description'] = String(view['description']).trimEnd() + (guest.type === 'lxc' ? '\n' : '')
  }
  for (const key of Object.keys(view))
    view[key] = typeof view[key] === 'number' ? view[key] : masked(key, view[key] ?? '')
  return view
}

function masked(key: string, value: string | number): string {
  return key === 'cipassword' ? '**********' : String(value)
}
