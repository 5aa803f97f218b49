// SPDX-License-Identifier: Apache-2.0
/** The way a document took: each step, its milliseconds, and what is known of it. */
import type { VerifiedResult } from '../operator/results.ts'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'
import { count, counted, span } from './words.ts'

/** One step. */
export interface Step {
  readonly step: 'queued' | 'delivered' | 'admitted' | 'refused' | 'ran' | 'recorded' | 'returned'
  readonly ms: number
  readonly note: string
}

/** Times the hub and this machine took; undefined where they are not known. */
export interface Times {
  readonly queuedMs?: number | undefined
  readonly queuedAt: string
  readonly deliveredAt: string | null
  readonly answeredAt: string | null
  /** From the command to the verified answer. */
  readonly totalMs?: number | undefined
}

/** The steps of an answered job, in order. */
export function wayOf(times: Times, { result, audit }: VerifiedResult): Step[] {
  const { open, admit, journal, run, record } = result.stepsMs
  const isRefused = result.state === 'refused'
  const delivered = since(times.queuedAt, times.deliveredAt)
  const head = Buffer.from(audit.root).toString('hex')
  const onAgent = open + admit + journal + run + record
  const returned = Math.max(0, since(times.deliveredAt, times.answeredAt) - onAgent)
  return [
    ...(times.queuedMs === undefined ? [] : [step('queued', times.queuedMs)]),
    step('delivered', delivered),
    step(
      isRefused ? 'refused' : 'admitted',
      open + admit + journal,
      counted(result.checksPassedCount, 'check'),
    ),
    ...(isRefused ? [] : [step('ran', run, runNote(result))]),
    step(
      'recorded',
      record,
      `entry ${count(audit.index)}, head ${head.slice(0, 4)}…${head.slice(-2)}`,
    ),
    step('returned', returned),
  ]
}

/** The steps as lines: name, milliseconds at the right, note. */
export function wayScreen(steps: readonly Step[], paint: Paint): string {
  const width = Math.max(...steps.map(({ step: name }) => name.length))
  const times = steps.map(({ ms }) => span(ms))
  const timeWidth = Math.max(...times.map((time) => time.length))
  return steps
    .map(({ step: name, note }, index) => {
      const line = `  ${name.padEnd(width)}  ${times[index]!.padStart(timeWidth)}`
      return note === '' ? line : `${line}   ${paint.dim(note)}`
    })
    .join('\n')
}

function runNote({ plugin, handlesUsed }: VerifiedResult['result']): string {
  const name = plugin === undefined ? '' : `${safeText(plugin.name)} ${safeText(plugin.version)}, `
  return `${name}sandboxed, ${counted(handlesUsed.length, 'permission')} used`
}

function since(from: string | null, to: string | null): number {
  return from === null || to === null ? 0 : Math.max(0, Date.parse(to) - Date.parse(from))
}

function step(name: Step['step'], ms: number, note: string = ''): Step {
  return { step: name, ms: Math.round(ms * 100) / 100, note }
}
