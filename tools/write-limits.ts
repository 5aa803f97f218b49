// SPDX-License-Identifier: Apache-2.0
/** Writes the table of limits in docs/operations.md from the one that the hub goes by. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KNOBS, type Knob, type Unit } from '../hub/src/limits.ts'
import { repositoryRoot, type Generated } from './generated.ts'

const PATH = 'docs/operations.md'
const BEGIN = '<!-- generated: limits -->\n'
const END = '<!-- end of generated -->'

/** Steps of a unit, the largest first. */
const SCALES: Readonly<Record<Unit, readonly (readonly [factor: number, name: string])[]>> = {
  ms: [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
    [1, 'ms'],
  ],
  bytes: [
    [1_024 ** 2, 'MiB'],
    [1_024, 'KiB'],
    [1, 'bytes'],
  ],
  count: [[1, '']],
  'per minute': [[1, '']],
}

/** The page with its table as it should be. Throws: when the page has no place for it. */
export function operationsPage(): Generated {
  const page = readFileSync(join(repositoryRoot, PATH), 'utf8')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`${PATH} has no place for the limits`)
  const text = `${page.slice(0, begin)}${BEGIN}\n${table()}\n\n${page.slice(end)}`
  return { path: PATH, text }
}

function table(): string {
  const rows = Object.entries<Knob>(KNOBS).map(([name, knob]) => {
    const cells = [`\`${name}\``, knob.unit, valueOf(knob, knob.homelab), valueOf(knob, knob.msp)]
    return `| ${[...cells, knob.doc].join(' | ')} |`
  })
  return ['| limit | unit | homelab | msp | what |', '|---|---|---|---|---|', ...rows].join('\n')
}

/** In the largest unit that leaves no fraction, as people write it. */
function valueOf({ unit }: Knob, value: number): string {
  const [factor, name] = SCALES[unit].find(([size]) => value % size === 0) ?? [1, '']
  return `${(value / factor).toLocaleString('en-US')} ${name}`.trim()
}
