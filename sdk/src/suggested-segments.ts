// SPDX-License-Identifier: Apache-2.0
/** What an author is told to write for the segments of a path: bound to the job's resources wherever that can be. */
import type { Resources } from './resources.ts'

/** What stands for a time, a process or a key, and is another one each time. */
const HEX = /^[0-9A-Fa-f]{8,}$/
const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._!-]*$/

/**
 * Segments of a route for decoded ones of a path.
 *
 * Why only beside a resource other parts become parameters: alone, they would open what no job names.
 *
 * @example
 * suggestedSegments(['vm-101-disk-0'], new Map([['vmid', ['101']]])) // ['vm-{vmid}-disk-0']
 */
export function suggestedSegments(values: readonly string[], resources: Resources): string[] {
  let lastPart = 0
  const numbered = (grammar: string) => `{part${++lastPart}:${grammar}}`
  return values.map((value) => {
    const whole = nameOf(value, resources)
    if (whole !== undefined) return whole
    const parts = value.split(':').map((part) => nameOf(part, resources) ?? part)
    const bound = parts.map((part) => (part.startsWith('{') ? part : dashed(part, resources)))
    if (!bound.some((part) => part.includes('{'))) return value
    return bound
      .map((part) => (HEX.test(part) ? numbered('hex') : part))
      .map((part) => (ACCOUNT.test(part) ? numbered('account') : part))
      .join(':')
  })
}

function dashed(part: string, resources: Resources): string {
  const parts = part.split('-')
  if (parts.length === 1) return part
  return parts.map((each) => nameOf(each, resources) ?? each).join('-')
}

function nameOf(value: string, resources: Resources): string | undefined {
  if (value === '') return undefined
  const names = [...resources.keys()]
  const name = names.find((each) => resources.get(each)!.includes(value))
  return name === undefined ? undefined : `{${name}}`
}
