// SPDX-License-Identifier: GPL-3.0-or-later
/** The lines of plans: what people read before they sign, in words that do not change by themselves. */
import { STEP_LIMITS } from '@sallyport/sdk'
import type { Plan, PlannedChange } from '@sallyport/sdk'
import { lineOf } from './values.ts'

type Op = PlannedChange['op']

/** One line. */
export function line(op: Op, what: string): PlannedChange {
  return { op, what: bounded(what) }
}

/** Something that is one way and shall be another; nothing on one side is something new or gone. */
export function changeLine(
  what: string,
  from: string | number | boolean | null,
  to: string | number | boolean | null,
): PlannedChange {
  const op = from === null ? 'add' : to === null ? 'remove' : 'change'
  return {
    op,
    what: bounded(what),
    ...(from !== null && { from: valueText(from) }),
    ...(to !== null && { to: valueText(to) }),
  }
}

/** Lines of the same kind. */
export function lines(op: 'note' | 'warn', texts: readonly string[]): PlannedChange[] {
  return texts.map((text) => line(op, text))
}

/** A plan. What does not fit into its lines is counted; the state has it all. */
export function planOf<S>(changes: readonly PlannedChange[], state: S): Plan<S> {
  const { maxChanges } = STEP_LIMITS
  if (changes.length <= maxChanges) return { changes, state }
  const left = changes.length - maxChanges + 1
  return { changes: [...changes.slice(0, -left), line('warn', `and ${left} more lines`)], state }
}

/** A guest, for a line: `guest 102 "photos" (lxc, running)`. */
export function guestText(
  guest: {
    readonly vmid: number
    readonly name?: string | null | undefined
    readonly kind: string
    readonly status?: string
  },
  ...more: readonly string[]
): string {
  const { vmid, name, kind, status } = guest
  const about = [kind, ...(status === undefined ? [] : [status]), ...more].join(', ')
  return `guest ${vmid}${name == null ? '' : ` "${name}"`} (${about})`
}

/** A size: `512 MiB`, `4 GiB`, `1.5 TiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${Number((bytes / 1_024 ** at).toFixed(1))} ${units[at]}`
}

/** An instant, for a line: `2026-11-22 01:00 UTC`. Why no "9 days ago": a plan does not change while nothing happens. */
export function instantText(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`
}

/** Memory and processors of a guest, as far as they are set. */
export function sizeOf(cores: number | null, memoryMiB: number): string[] {
  const own = cores === null ? [] : [`${cores} ${cores === 1 ? 'core' : 'cores'}`]
  return [...own, sizeText(memoryMiB * 1_048_576)]
}

function valueText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return bounded(String(value))
}

function bounded(text: string): string {
  return lineOf(text, STEP_LIMITS.maxChangeLength)
}
