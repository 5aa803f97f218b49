// SPDX-License-Identifier: GPL-3.0-or-later
/** Settings of a guest that jobs may change: what is wanted, what is, and what has to be sent to make it so. */
import type { FieldScope } from '@sallyport/sdk'
import { memoryOf, tagsOf } from './guest-config.ts'
import type { GuestConfig } from './guest-config.ts'
import type { Guest } from './guest-ref.ts'
import { isTrue, numberOf, textOf } from './values.ts'

/** What is wanted; what is absent stays as it is. */
export interface Settings {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly cores?: number | undefined
  readonly memoryMiB?: number | undefined
  readonly onBoot?: boolean | undefined
  readonly startup?: string | undefined
  readonly protection?: boolean | undefined
  /** Settings to take out, so that Proxmox VE's own default holds. */
  readonly remove?: readonly RemovableSetting[] | undefined
}

/** Settings that can be taken out. */
export const REMOVABLE = [
  'cores',
  'description',
  'onBoot',
  'protection',
  'startup',
  'tags',
] as const
/** One of them. */
export type RemovableSetting = (typeof REMOVABLE)[number]

/** One setting that is not as it is wanted. `null` is none. */
export interface SettingChange {
  readonly setting: string
  readonly from: string | number | boolean | null
  readonly to: string | number | boolean | null
}

/** What would change, for people, and what has to be sent for it. */
export interface SettingsDifference {
  readonly changes: readonly SettingChange[]
  readonly body: Readonly<Record<string, string | number | boolean>>
}

type Value = string | number | boolean | null

/** How one setting is written and read. */
interface Setting {
  readonly key: (guest: Guest) => string
  readonly wanted: (settings: Settings) => Value | undefined
  readonly now: (config: GuestConfig, guest: Guest) => Value
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  name: {
    key: nameKey,
    wanted: ({ name }) => name,
    now: (config, guest) => textOf(config[nameKey(guest)]) ?? null,
  },
  description: {
    key: () => 'description',
    wanted: ({ description }) => description?.trimEnd(),
    now: ({ description }) => textOf(description)?.trimEnd() ?? null,
  },
  tags: {
    key: () => 'tags',
    wanted: ({ tags }) => (tags === undefined ? undefined : joined(tags)),
    now: (config) => joined(tagsOf(config)) || null,
  },
  cores: {
    key: () => 'cores',
    wanted: ({ cores }) => cores,
    now: ({ cores }, { kind }) => numberOf(cores) ?? (kind === 'qemu' ? 1 : null),
  },
  memoryMiB: {
    key: () => 'memory',
    wanted: ({ memoryMiB }) => memoryMiB,
    now: (config) => memoryOf(config),
  },
  onBoot: {
    key: () => 'onboot',
    wanted: ({ onBoot }) => onBoot,
    now: ({ onboot }) => isTrue(onboot),
  },
  startup: {
    key: () => 'startup',
    wanted: ({ startup }) => startup,
    now: ({ startup }) => textOf(startup) ?? null,
  },
  protection: {
    key: () => 'protection',
    wanted: ({ protection }) => protection,
    now: ({ protection }) => isTrue(protection),
  },
}

/** What differs between what is wanted and what is. */
export function differenceOf(
  guest: Guest,
  config: GuestConfig,
  wanted: Settings,
): SettingsDifference {
  const changes: SettingChange[] = []
  const body: Record<string, string | number | boolean> = {}
  const taken: string[] = []
  for (const [setting, { key, wanted: wantedOf, now }] of Object.entries(SETTINGS)) {
    const [name, from, to] = [key(guest), now(config, guest), wantedOf(wanted)]
    if (wanted.remove?.includes(setting as RemovableSetting) === true) {
      if (config[name] === undefined) continue
      changes.push({ setting, from, to: null })
      taken.push(name)
    } else if (to !== undefined && to !== null && to !== from) {
      changes.push({ setting, from, to })
      body[name] = to
    }
  }
  return { changes, body: { ...body, ...(taken.length > 0 && { delete: taken.join(',') }) } }
}

/** What a request may hold that changes settings; values that the input names are bound to it. */
export function settingFields(kind: Guest['kind']): FieldScope['fields'] {
  const keys = REMOVABLE.map((name) => name.toLowerCase()).join('|')
  return {
    digest: { pattern: '[0-9a-f]{40}' },
    [nameKey({ kind })]: { resource: 'name' },
    description: { pattern: '[^]{0,4096}' },
    tags: { pattern: '[a-z0-9_+.;-]{0,1024}' },
    cores: { resource: 'cores' },
    memory: { resource: 'memoryMiB' },
    onboot: { oneOf: [0, 1] },
    startup: { resource: 'startup' },
    protection: { oneOf: [0, 1] },
    delete: { pattern: `(?:${keys})(?:,(?:${keys}))*` },
  }
}

function nameKey({ kind }: Pick<Guest, 'kind'>): string {
  return kind === 'qemu' ? 'name' : 'hostname'
}

/** Why sorted: the order of tags has no meaning, and Proxmox VE may change it. */
function joined(tags: readonly string[]): string {
  return [...new Set(tags)].sort().join(';')
}
