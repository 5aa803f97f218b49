// SPDX-License-Identifier: Apache-2.0
/** What the names in a plugin's permissions stand for while it is being written: plain values, never an agent's vault. */
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { Binding, BindingStore } from '@sallyport/core/plugins'
import { BindingName, bindingsNamedBy, parseJson } from '@sallyport/core/protocol'
import type { PluginManifest } from '@sallyport/sdk'
import { Secret, isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** The file of an author's own bindings, in the folder of the plugin. */
export const DEV_BINDINGS = 'dev-bindings.json'

const MAX_FILE_BYTES = 262_144
const secretText = z.string().transform((text) => new Secret(text))

const Pin = z.union([
  z.strictObject({ by: z.literal('ca'), pem: z.string() }),
  z.strictObject({ by: z.literal('fingerprint'), sha256: z.string() }),
  z.strictObject({ by: z.literal('public') }),
  z.strictObject({ by: z.literal('none') }),
])

const DevBinding = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('endpoint'),
    url: z.string(),
    socketPath: z.exactOptional(z.string()),
    pin: Pin,
    headers: z.record(z.string(), secretText).default({}),
  }),
  z.strictObject({
    kind: z.literal('connect'),
    address: z.union([
      z.strictObject({ host: z.string(), port: z.int().min(1).max(65_535) }),
      z.strictObject({ socketPath: z.string() }),
    ]),
  }),
  z.strictObject({
    kind: z.literal('ssh'),
    host: z.string(),
    port: z.int().min(1).max(65_535).default(22),
    user: z.string(),
    hostKeys: z.array(z.string()).min(1),
    privateKey: secretText,
  }),
  z.strictObject({ kind: z.literal('secret'), value: secretText }),
  z.strictObject({ kind: z.literal('folder'), path: z.string() }),
]) satisfies z.ZodType<Binding>

const DevBindings = z.record(BindingName, DevBinding)

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
  const file = join(folder, DEV_BINDINGS)
  try {
    const checked = DevBindings.safeParse(parseJson(await readFile(file), MAX_FILE_BYTES))
    if (checked.success) return withAbsoluteFolders(checked.data, folder)
    const { path = [], message = '' } = checked.error.issues[0] ?? {}
    throw problem(`${DEV_BINDINGS} is not right at ${path.join('.') || 'its root'}: ${message}`)
  } catch (error) {
    if (!isCodedError(error) || error.code === 'ENOENT') {
      if (isCodedError(error)) return {}
      throw error
    }
    if (error.code.startsWith('ERR_JSON_')) throw problem(`${DEV_BINDINGS}: ${error.message}`)
    throw error
  }
}

function withAbsoluteFolders(
  bindings: Record<string, Binding>,
  folder: string,
): Record<string, Binding> {
  const entries = Object.entries(bindings).map(([name, binding]) => [
    name,
    binding.kind === 'folder' ? { ...binding, path: resolve(folder, binding.path) } : binding,
  ])
  return Object.fromEntries(entries) as Record<string, Binding>
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
