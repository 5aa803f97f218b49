// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Writes the tables of operations, `src/simulator/schema/tables/`, from the vendor's schemas of all versions. Run by hand:
 * `node tools/run.cjs plugins/proxmox/tools/write-schema.ts <folder with pve-api-*.json>`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { format } from 'oxfmt'
import style from '../../../oxfmt.config.ts'
import { GROUPS } from './groups.ts'
import { alternatives, gateText, union, type ByVersion, type Entry, type Merged } from './merge.ts'
import { permissionText } from './permission.ts'
import { Notation } from './render.ts'
import { operationsIn, SERVED } from './served.ts'
import { nodeOf, readVendor, VERSIONS, type VendorOperation } from './vendor.ts'

const TARGET = resolve(import.meta.dirname, '../src/simulator/schema/tables')
const WIDTH = 118
const ALL = (1 << VERSIONS.length) - 1

interface Operation {
  readonly name: string
  readonly gate: number
  readonly by: ByVersion<VendorOperation>
  readonly params: Merged
  readonly returns: ReturnType<typeof alternatives>
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('which folder holds pve-api-*.json?')
const vendor = VERSIONS.map((version) => readVendor(folder, version))
const tables = Object.keys(SERVED).map(
  (table) => [table, operationsIn(table).map(operationOf)] as const,
)
const operations = new Map(tables.flatMap(([, all]) => all.map((each) => [each.name, each])))
const groups = GROUPS.map(({ name, of }) => ({ name, of, entries: new Map<string, Entry>() }))
const notation = new Notation()
for (const { params, returns } of operations.values()) {
  for (const entry of params.parts ?? []) notation.note(entry.type, entry.gate, entry.name)
  for (const form of returns) {
    const isGroup = form.type.base === 'o' || form.type.base === 'a'
    if (!isGroup) notation.note(form.type, form.gate, 'returns')
    else noteInside(form.type)
  }
}
const shapes = notation.define()
const groupLines = groups.map(defineGroup)

mkdirSync(TARGET, { recursive: true })
await write('shapes', 'What is said more than once: schemas by name, and groups of parameters.', [
  ...shapes,
  ...groupLines,
])
for (const [table, all] of tables)
  await write(table, `The operations of the area “${table}”.`, all.flatMap(linesOf))

function operationOf(name: string): Operation {
  const by = vendor.flatMap((all, at) => {
    const operation = all.get(name)
    return operation === undefined ? [] : [[1 << at, operation] as const]
  })
  if (by.length === 0) throw new Error(`no version has ${name}`)
  const params = alternatives(
    by.map(([gate, { parameters }]) => [
      gate,
      nodeOf({ type: 'object', properties: {}, ...parameters }),
    ]),
  )
  if (params.length > 1) throw new Error(`${name} is open in one version and closed in another`)
  return {
    name,
    gate: union(by),
    by,
    params: params[0]!.type,
    returns: alternatives(by.map(([gate, { returns }]) => [gate, nodeOf(returns ?? {})])),
  }
}

/** The shape of an answer is its operation's own; what is in it may come again elsewhere. */
function noteInside(type: Merged): void {
  for (const each of type.parts ?? []) notation.note(each.type, each.gate, each.name)
  for (const each of [...(type.rest ?? []), ...(type.items ?? [])]) noteInside(each.type)
}

/** The parameters that all operations of the group have and that no group before it took. */
function defineGroup(group: (typeof groups)[number]): string {
  const lists = group.of.map((name) => remaining(operations.get(name)!))
  const [first = new Map<string, Entry>(), ...others] = lists
  const shared = [...first].filter(([text]) => others.every((each) => each.has(text)))
  for (const [text, entry] of shared) group.entries.set(text, entry)
  return `&${group.name}=${shared.map(([text]) => text).join(' ')}`
}

/** The parameters of an operation that no group has taken, by their text. */
function remaining({ name, params, gate }: Operation): Map<string, Entry> {
  const taken = groups.filter(({ of }) => of.includes(name))
  const own = (params.parts ?? []).map((entry) => [notation.entry(entry, gate), entry] as const)
  return new Map(own.filter(([text]) => !taken.some(({ entries }) => entries.has(text))))
}

function linesOf(operation: Operation): string[] {
  const { name, gate, by, params, returns } = operation
  const used = groups.filter(({ of }) => of.includes(name)).map((group) => `&${group.name}`)
  const list = [...used, ...remaining(operation).keys()].join(' ')
  return [
    `${name}${gateText(gate, ALL)}`,
    ...facts(by, gate).map((text) => `  ! ${text}`),
    ...(list === '' && params.isClosed === true
      ? []
      : [`  ${params.isClosed === true ? '?' : '?+'} ${list}`]),
    ...notation.forms(returns, gate).map((text) => `  ${mayBeMissing(by) ? '=?' : '='} ${text}`),
  ]
}

/** Whether the answer may hold nothing. */
function mayBeMissing(by: ByVersion<VendorOperation>): boolean {
  const flags = new Set(by.map(([, { returns }]) => nodeOf(returns ?? {}).isOptional))
  if (flags.size > 1) throw new Error('an answer may be missing in some versions only')
  return flags.has(true)
}

/** Who may ask, and where and how it runs. */
function facts(by: ByVersion<VendorOperation>, whole: number): string[] {
  const texts = new Map<string, number>()
  for (const [gate, operation] of by) {
    const text = [
      permissionText(operation.permissions),
      operation.protected === 1 ? 'protected' : '',
      operation.proxyto === undefined ? '' : `on-${operation.proxyto}`,
      operation.allowtoken === 1 ? '' : 'no-token',
    ]
      .filter((each) => each !== '')
      .join(' ')
    texts.set(text, (texts.get(text) ?? 0) | gate)
  }
  return [...texts].map(([text, gate]) => {
    const gated = gateText(gate, whole)
    return gated === '' ? text : `${gated} ${text}`
  })
}

async function write(name: string, what: string, lines: readonly string[]): Promise<void> {
  const wrapped = lines.flatMap(wrap).join('\n')
  if (/`|\$\{/.test(wrapped)) throw new Error(`${name} holds a text that ends the literal`)
  const text = `// SPDX-License-Identifier: GPL-3.0-or-later
/** ${what} Generated by tools/write-schema.ts; notation.ts reads it. */

/** See the file. */
export const ${name}Table: string = String.raw\`
${wrapped}
\`
`
  const path = join(TARGET, `${name}.ts`)
  const { code, errors } = await format(path, text, style)
  if (errors.length > 0) throw new Error(`${name} cannot be set: ${errors[0]?.message}`)
  writeFileSync(path, code)
}

/** Breaks a long line at single spaces; what follows is set in deeper. */
function wrap(line: string): string[] {
  const [, margin = '', rest = ''] = /^( *)(.*)$/.exec(line) ?? []
  const lines: string[] = []
  for (const word of rest.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined) lines.push(`${margin}${word}`)
    else if (last.length + 1 + word.length > WIDTH) lines.push(`${margin}  ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
