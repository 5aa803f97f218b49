// SPDX-License-Identifier: Apache-2.0
/** What the names in a plugin's permissions stand for while it is being written: plain values, never an agent's vault. */
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { Binding, BindingStore } from '@sallyport/core/plugins'
import { BindingName, bindingsNamedBy, describeIssue, parseJson } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { Secret, isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** The file of an author's own bindings, in the folder of the plugin. */
export const DEV_BINDINGS = 'dev-bindings.json'

const MAX_FILE_BYTES = 262_144

/** A file of objects by name; what each may be is the vault's to say. */
const DevBindings = z.record(BindingName, z.record(z.string(), z.unknown()))

/** What an author may leave out. */
const DEFAULTS: Readonly<Record<string, object>> = { endpoint: { headers: {} }, ssh: { port: 22 } }

/** Where bindings come from. */
export interface BindingSources {
  readonly folder: string
  /** `name=value` each; these win over the file. */
  readonly flags: readonly string[]
}

/** The author's bindings as a plugin host takes them. Throws: ERR_DEV_BINDINGS. */
export async function readDevBindings(
  { folder, flags }: BindingSources,
  manifest: PluginManifest,
): Promise<BindingStore> {
  const bindings = new Map(Object.entries(await readBindingsFile(folder)))
  const kinds = kindsByName(manifest)
  for (const flag of flags) {
    const at = flag.indexOf('=')
    const name = flag.slice(0, Math.max(at, 0))
    const kind = kinds.get(name)
    if (kind === undefined) throw unknownName(flag, [...kinds.keys()])
    bindings.set(name, bindingOf(kind, name, flag.slice(at + 1)))
  }
  return { find: (_, name) => bindings.get(name) }
}

async function readBindingsFile(folder: string): Promise<Record<string, Binding>> {
  const bytes = await readFile(join(folder, DEV_BINDINGS)).catch((error: unknown) => {
    if (isCodedError(error) && error.code === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return {}
  const checked = DevBindings.safeParse(coded(() => parseJson(bytes, MAX_FILE_BYTES)))
  if (!checked.success) {
    const { path, why } = describeIssue(checked.error)
    throw problem(`${DEV_BINDINGS} is not right at ${path || 'its root'}: ${why}`)
  }
  // Why the vault's own form: what works here is what `sallyport agent bind` would keep.
  const { parseBinding } = await import('@sallyport/agent')
  const entries = Object.entries(checked.data).map(([name, given]) => {
    const binding = coded(() => parseBinding(completed(given, folder)), `, ${name}`)
    return [name, binding] as const
  })
  return Object.fromEntries(entries)
}

/** With what an author may leave out, and with the folder's path made absolute. */
function completed(given: Readonly<Record<string, unknown>>, folder: string): object {
  const { kind, path } = given
  const isFolder = kind === 'folder' && typeof path === 'string'
  const absolute = isFolder ? { path: resolve(folder, path) } : {}
  return { ...DEFAULTS[String(kind)], ...given, ...absolute }
}

/** What `read` yields; what it finds wrong is the author's to mend. */
function coded<T>(read: () => T, where = ''): T {
  try {
    return read()
  } catch (error) {
    throw isCodedError(error) ? problem(`${DEV_BINDINGS}${where}: ${error.message}`) : error
  }
}

/** The kind of thing that each name in the permissions must stand for. */
function kindsByName(manifest: PluginManifest): Map<string, Binding['kind']> {
  const named = Object.values(manifest.jobs).flatMap(({ permissions }) =>
    Object.values(permissions).flatMap(bindingsNamedBy),
  )
  return new Map(named.map(({ name, kind }) => [name, kind]))
}

/** A binding from the one text of a flag. */
function bindingOf(kind: Binding['kind'], name: string, text: string): Binding {
  switch (kind) {
    case 'folder':
      return { kind, path: resolve(text) }
    case 'secret':
      return { kind, value: new Secret(text) }
    case 'connect':
      return { kind, address: addressOf(name, text) }
    case 'endpoint':
      return endpointOf(text)
    case 'ssh':
      throw problem(`${name} is an SSH account, which takes more than one text`)
  }
}

function addressOf(name: string, text: string) {
  if (isAbsolute(text)) return { socketPath: text }
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined) throw problem(`${name} is host:port or the path of a Unix socket`)
  return { host, port: Number(port) }
}

function endpointOf(text: string): Binding {
  const headers = {}
  if (isAbsolute(text)) {
    const url = 'http://localhost'
    return { kind: 'endpoint', url, socketPath: text, pin: { by: 'none' }, headers }
  }
  const by = text.startsWith('https:') ? 'public' : 'none'
  return { kind: 'endpoint', url: text, pin: { by }, headers }
}

function unknownName(flag: string, names: readonly string[]): Problem {
  const known = names.length === 0 ? 'the plugin needs no binding' : `it needs ${names.join(', ')}`
  return problem(`${JSON.stringify(flag)} binds no name of the plugin: ${known}`)
}

function problem(message: string): Problem {
  return new Problem('ERR_DEV_BINDINGS', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was run.',
    remedy: `Write it into ${DEV_BINDINGS}, in the form that docs/plugin-guide.md shows, or give --bind name=value.`,
  })
}
