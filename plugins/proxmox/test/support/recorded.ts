// SPDX-License-Identifier: GPL-3.0-or-later
/** Recorded exchanges, and in what an answer of today differs from a recorded one. */
import type { WireAnswer } from './wire.ts'

/** An exchange that somebody recorded. */
export interface Recorded {
  readonly method: string
  readonly path: string
  readonly requestBody?: string
  readonly status: number
  readonly statusText: string
  readonly body?: { readonly data?: unknown; readonly errors?: Readonly<Record<string, string>> }
}

/** What the recorded answer had that the answer lacks: the status, keys, kinds of values. New keys are no difference. */
export function differences(recorded: Recorded, answer: WireAnswer): string[] {
  const { status, statusText, body } = recorded
  if (answer.status !== status) {
    return [`${answer.status} ${answer.reason} for ${status} ${statusText}`]
  }
  return lacks(body?.data, answer.data, 'data')
}

function lacks(recorded: unknown, own: unknown, at: string): string[] {
  const kind = kindOf(recorded)
  if (kindOf(own) !== kind) return [`${at} is ${kindOf(own)} for ${kind}`]
  if (kind === 'array') {
    const [[first], [mine]] = [recorded as unknown[], own as unknown[]]
    return first === undefined || mine === undefined ? [] : lacks(first, mine, `${at}[]`)
  }
  if (kind !== 'object') return []
  const mine = own as Record<string, unknown>
  return Object.entries(recorded as object).flatMap(([name, each]) =>
    Object.hasOwn(mine, name)
      ? lacks(each, mine[name], `${at}.${name}`)
      : [`${at}.${name} is absent`],
  )
}

/** A number and a text are the same: configuration files know no difference. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' ? 'object' : 'value'
}
