// SPDX-License-Identifier: GPL-3.0-or-later
/** The storages as the cluster configures them. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { isSet } from '../guests/property-string.ts'
import { needQuorum } from '../quorum.ts'
import { COMMON_OPTIONS, STORAGE_TYPES, type StorageType } from '../storage-types.ts'
import { storageOf } from '../volumes.ts'
import type { SimStorage } from '../world.ts'

const DEFAULT_BYTES = 2 ** 40
/** Kept apart from the configuration, and never shown. */
const SECRETS = ['password', 'master-pubkey']
const LOCKED = "error during cfs-locked 'file-storage_cfg' operation"

/** The configuration of storages. */
export const storageConfigBehaviours: Behaviours = {
  'GET /storage': (call) => {
    const type = textOf(call, 'type')
    return [...call.world.storages.values()]
      .filter((storage) => type === undefined || storage.type === type)
      .filter(({ id }) => call.may(`/storage/${id}`, 'Datastore.Audit', 'Datastore.AllocateSpace'))
      .map(shown)
  },
  'POST /storage': createStorage,
  'GET /storage/{storage}': (call) => shown(storageOf(call.world, String(call.params['storage']))),
  'PUT /storage/{storage}': changeStorage,
  'DELETE /storage/{storage}': removeStorage,
}

/** A storage as `/storage` shows it; `digest` is that of the whole file in the real one, here of the entry. */
function shown(storage: SimStorage): Record<string, unknown> {
  const { id, type, content, isShared, nodes, isEnabled, options } = storage
  const entry = {
    storage: id,
    type,
    content: content.join(','),
    ...(isShared ? { shared: 1 } : {}),
    ...(nodes === undefined ? {} : { nodes: nodes.join(',') }),
    ...(isEnabled ? {} : { disable: 1 }),
    ...options,
  }
  return { ...entry, digest: digestOf(JSON.stringify(entry)) }
}

function createStorage(call: Call): Record<string, unknown> {
  const { world } = call
  const id = String(call.params['storage'])
  const type = String(call.params['type'])
  needQuorum(world)
  const rules = rulesOf(type)
  for (const name of rules.required) {
    if (call.params[name] === undefined) throw dies(`missing value for required option '${name}'`)
  }
  needKnownOptions(call, type, [...rules.required, ...rules.optional])
  if (world.storages.has(id))
    throw dies(`create storage failed: ${LOCKED}: storage ID '${id}' already defined`)
  const storage: SimStorage = {
    id,
    type,
    content: contentOf(call, type, rules) ?? [...rules.defaultContent],
    isShared: rules.isShared || flagOf(call, 'shared'),
    nodes: nodesOf(call),
    isEnabled: !flagOf(call, 'disable'),
    options: {},
    totalBytes: DEFAULT_BYTES,
    unreachableFrom: new Set(),
    volumes: new Map(),
  }
  const key = setOptions(call, storage)
  if (type === 'nfs' || type === 'cifs') storage.options['path'] ??= `/mnt/pve/${id}`
  world.storages.set(id, storage)
  return { storage: id, type, ...key }
}

function changeStorage(call: Call): Record<string, unknown> {
  const { world } = call
  needQuorum(world)
  const storage = storageOf(world, String(call.params['storage']))
  const digest = textOf(call, 'digest')
  if (digest !== undefined && digest !== shown(storage)['digest']) {
    throw dies('detected modified configuration - file changed by other user? Try again.')
  }
  const rules = rulesOf(storage.type)
  for (const name of rules.required) {
    const value = textOf(call, name)
    if (value !== undefined && value !== String(storage.options[name])) {
      throw dies(`can't change value of fixed parameter '${name}'`)
    }
  }
  needKnownOptions(call, storage.type, [...rules.required, ...rules.optional])
  const content = contentOf(call, storage.type, rules)
  for (const name of listOf(call, 'delete')) takeOut(storage, name, rules)
  if (content !== undefined) storage.content = content
  storage.nodes = nodesOf(call) ?? storage.nodes
  if (call.params['disable'] !== undefined) storage.isEnabled = !flagOf(call, 'disable')
  const key = setOptions(call, storage)
  return { storage: storage.id, type: storage.type, ...key }
}

function takeOut(storage: SimStorage, name: string, rules: StorageType): void {
  if (rules.required.includes(name)) throw dies(`unable to delete required option '${name}'`)
  if (name === 'nodes') storage.nodes = undefined
  else if (name === 'disable') storage.isEnabled = true
  else if (name === 'content') storage.content = [...rules.defaultContent]
  else delete storage.options[name]
}

function removeStorage(call: Call): null {
  const { world } = call
  needQuorum(world)
  const { id } = storageOf(world, String(call.params['storage']))
  const base = [...world.storages.values()].find((other) =>
    String(other.options['base'] ?? '').startsWith(`${id}:`),
  )
  if (base !== undefined)
    throw dies(
      `delete storage failed: ${LOCKED}: can't remove storage - storage is used as base of another storage`,
    )
  world.storages.delete(id)
  return null
}

function rulesOf(type: string): StorageType {
  const rules = STORAGE_TYPES[type]
  if (rules === undefined) throw dies(`the simulator has no storage of type '${type}'`)
  return rules
}

function needKnownOptions(call: Call, type: string, own: readonly string[]): void {
  const known = new Set<string>([...own, ...COMMON_OPTIONS, 'storage', 'type', 'digest', 'delete'])
  for (const name of Object.keys(call.params)) {
    if (!known.has(name)) throw dies(`unexpected property '${name}' for storage type '${type}'`)
  }
}

function contentOf(call: Call, type: string, rules: StorageType): string[] | undefined {
  if (call.params['content'] === undefined) return undefined
  const content = listOf(call, 'content')
  const wrong = content.find((each) => !rules.content.includes(each))
  if (wrong !== undefined)
    throw dies(`storage type '${type}' does not support content type '${wrong}'`)
  return content
}

function nodesOf(call: Call): string[] | undefined {
  return call.params['nodes'] === undefined ? undefined : listOf(call, 'nodes')
}

/** Keeps the other options. A key that is made here is part of the answer, and only its fingerprint is kept. */
function setOptions(call: Call, storage: SimStorage): { config?: Record<string, string> } {
  const apart = new Set<string>([
    ...COMMON_OPTIONS,
    ...SECRETS,
    'storage',
    'type',
    'digest',
    'delete',
    'shared',
    'encryption-key',
  ])
  for (const [name, value] of Object.entries(call.params)) {
    if (apart.has(name)) continue
    storage.options[name] =
      typeof value === 'boolean'
        ? Number(value)
        : Array.isArray(value)
          ? value.join(',')
          : (value as string | number)
  }
  const key = textOf(call, 'encryption-key')
  if (key === undefined) return {}
  const isMade = key === 'autogen' || isSet(key)
  const made = JSON.stringify({ kdf: null, data: digestOf(`${storage.id} ${call.world.random()}`) })
  storage.options['encryption-key'] = (digestOf(isMade ? made : key) + digestOf(storage.id))
    .slice(0, 64)
    .replace(/(..)(?=.)/g, '$1:')
  return isMade ? { config: { 'encryption-key': made } } : {}
}
