// SPDX-License-Identifier: GPL-3.0-or-later
/** Reads the tables of operations for one version. */
import type { PveVersion } from '../world.ts'
import { Reader, Shapes } from './notation.ts'
import { parsePermission } from './permission.ts'
import { accessTable } from './tables/access.ts'
import { clusterTable } from './tables/cluster.ts'
import { lxcTable } from './tables/lxc.ts'
import { nodesTable } from './tables/nodes.ts'
import { qemuTable } from './tables/qemu.ts'
import { shapesTable } from './tables/shapes.ts'
import { storageTable } from './tables/storage.ts'
import type { Operation, Schema } from './types.ts'

const TABLES = [accessTable, clusterTable, nodesTable, storageTable, lxcTable, qemuTable]

/** Every operation that a version has, by its name. */
export function readTables(version: PveVersion): Map<string, Operation> {
  const shapes = new Shapes(linesOf(shapesTable, ''), version)
  const operations = new Map<string, Operation>()
  for (const table of TABLES) {
    for (const block of blocksOf(linesOf(table, '  '))) {
      const operation = readOperation(block, shapes)
      if (operation !== undefined) operations.set(operation.name, operation)
    }
  }
  return operations
}

/** The lines of a table; what is set in deeper than `margin` continues the line before. */
function linesOf(table: string, margin: string): string[] {
  const lines: string[] = []
  for (const line of table.split('\n')) {
    if (line.startsWith(`${margin}  `)) lines[lines.length - 1] += ` ${line.trimStart()}`
    else if (line !== '') lines.push(line)
  }
  return lines
}

/** An operation is a line at the margin with the lines that are set in below it. */
function blocksOf(lines: readonly string[]): string[][] {
  const blocks: string[][] = []
  for (const line of lines) {
    if (line.startsWith(' ')) blocks.at(-1)!.push(line.trimStart())
    else blocks.push([line])
  }
  return blocks
}

function readOperation([head = '', ...lines]: string[], shapes: Shapes): Operation | undefined {
  const [name = '', versions] = head.split('@')
  if (versions !== undefined && !versions.split(',').includes(shapes.version)) return undefined
  const [method = '', path = ''] = name.split(' ')
  const list = lines.find((line) => line.startsWith('?'))
  return {
    name,
    method,
    path,
    params: list === undefined ? {} : new Reader(list.slice(list.indexOf(' ')), shapes).parts(),
    additional: list?.startsWith('?+') ?? false,
    ...readFacts(lines, shapes.version),
    returns: readReturns(lines, shapes),
  }
}

/** `! perm(/vms/{vmid} VM.Audit) protected on-node`: who may ask, and where and how it runs. */
function readFacts(
  lines: readonly string[],
  version: PveVersion,
): Pick<Operation, 'permission' | 'isProtected' | 'allowToken' | 'proxyTo'> {
  const texts = lines.filter((line) => line.startsWith('! ')).map((line) => line.slice(2))
  const text = texts.map((each) => ungated(each, version)).find((each) => each !== undefined)
  if (text === undefined) throw new Error('the tables hold an operation without permission')
  const { permission, rest } = parsePermission(text)
  const words = rest.split(' ')
  return {
    permission,
    isProtected: words.includes('protected'),
    allowToken: !words.includes('no-token'),
    proxyTo: words.find((word) => word.startsWith('on-'))?.slice(3),
  }
}

/** A line without the versions in front of it; nothing when it is for others. */
function ungated(text: string, version: PveVersion): string | undefined {
  const [, versions, rest = text] = /^@([\d.,]+) (.*)$/.exec(text) ?? []
  return versions === undefined || versions.split(',').includes(version) ? rest : undefined
}

/** `= s`, or `=? s` where the answer may hold nothing. */
function readReturns(lines: readonly string[], shapes: Shapes): Schema {
  for (const line of lines.filter((each) => each.startsWith('='))) {
    const schema = new Reader(line.slice(line.indexOf(' ') + 1), shapes).form()
    if (schema !== undefined)
      return line.startsWith('=?') ? { ...schema, isOptional: true } : schema
  }
  return { type: 'any' }
}
