// SPDX-License-Identifier: Apache-2.0
/** The nodes of a cluster on one screen: load with its recent course, guests, and what needs somebody. */
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import { counted } from '../output/words.ts'
import type { ClusterReport, ReportedNode } from './report.ts'

const BARS = '▁▂▃▄▅▆▇█'
/** How many samples are drawn, the newest at the right. */
export const DRAWN_SAMPLES = 6
const NOTHING = '–'
/** From here on a share is drawn as one that needs somebody. Units: percent. */
const HIGH_PERCENT = 90

type Whole = NonNullable<ClusterReport['report']>
type Samples = NonNullable<ClusterReport['history']>[number]['latest']

/** The screen. */
export function topScreen(
  report: Whole,
  history: NonNullable<ClusterReport['history']>,
  paint: Paint,
): string {
  const rows = report.nodes.map((node) => {
    const samples = history.find((each) => each.node === node.name)?.latest ?? []
    return rowOf(node, { samples, guests: runningOn(report, node.name), paint })
  })
  const heads = ['node', 'cpu', 'memory', 'psi', 'guests', 'state'].map((head) => ({
    head,
    isNumber: head === 'psi' || head === 'guests',
  }))
  return [table(heads, rows, paint), ...remarks(report, paint)].join('\n')
}

function rowOf(
  node: ReportedNode,
  about: { readonly samples: Samples; readonly guests: number; readonly paint: Paint },
): string[] {
  const { samples, guests, paint } = about
  const isOnline = node.state === 'online'
  const name = safeText(node.name)
  if (!isOnline) return [name, '', '', '', '', paint.warn(safeText(node.state))]
  return [
    name,
    drawn(
      node.cpuPercent,
      samples.map(({ cpuPercent }) => cpuPercent),
      paint,
    ),
    drawn(
      memoryPercent(node),
      samples.map(({ memoryPercent: share }) => share),
      paint,
    ),
    percent(worstPressure(node), paint),
    String(guests),
    paint.good('online'),
  ]
}

function drawn(
  now: number | undefined,
  samples: readonly (number | null | undefined)[],
  paint: Paint,
): string {
  const bars = samples.slice(-DRAWN_SAMPLES).map(barOf).join('')
  return `${bars.padStart(DRAWN_SAMPLES)}  ${percent(now, paint).padStart(5)}`
}

function barOf(share: number | null | undefined): string {
  if (share == null) return ' '
  return BARS[Math.min(BARS.length - 1, Math.floor((share / 100) * BARS.length))]!
}

function percent(share: number | undefined, paint: Paint): string {
  if (share === undefined) return NOTHING
  const text = `${Math.round(share)} %`
  return share >= HIGH_PERCENT ? paint.warn(text) : text
}

function memoryPercent({ memoryUsedBytes, memoryTotalBytes }: ReportedNode): number | undefined {
  if (memoryUsedBytes === undefined || !memoryTotalBytes) return undefined
  return (memoryUsedBytes / memoryTotalBytes) * 100
}

/** Source: Linux, Documentation/accounting/psi.rst; the worst of the three is the one that is felt. */
function worstPressure({ pressure }: ReportedNode): number | undefined {
  const { cpuPercent, memoryPercent: memory, ioPercent } = pressure ?? {}
  const known = [cpuPercent, memory, ioPercent].filter((share) => share !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

function runningOn({ guests }: Whole, name: string): number {
  return guests.filter(({ node, status }) => node === name && status === 'running').length
}

function remarks(report: Whole, paint: Paint): string[] {
  const { cluster, guests, nodes, storages, notes } = report
  const running = guests.filter(({ status }) => status === 'running').length
  const name = cluster.name === null ? 'a single node' : `cluster ${safeText(cluster.name)}`
  const away = storages.filter(({ status }) => status !== 'available')
  return [
    `${name} · ${counted(nodes.length, 'node')} · ${running} of ${counted(guests.length, 'guest')} running${imbalanceOf(nodes)}`,
    ...(cluster.isQuorate ? [] : [paint.bad('no quorum: the cluster changes nothing')]),
    ...away.map(
      ({ storage, node, status }) =>
        `${paint.warn('storage')} ${safeText(storage)} on ${safeText(node)} is ${safeText(status)}`,
    ),
    ...notes.map((note) => `${paint.warn('note')} ${safeText(note)}`),
  ]
}

/** How far apart the memory of the fullest and of the emptiest node that is online lie. */
function imbalanceOf(nodes: readonly ReportedNode[]): string {
  const shares = nodes
    .filter(({ state }) => state === 'online')
    .flatMap((node) => memoryPercent(node) ?? [])
  if (shares.length < 2) return ''
  return ` · memory ${Math.round(Math.max(...shares) - Math.min(...shares))} points apart`
}
