// SPDX-License-Identifier: Apache-2.0
/** Where two plain values differ, as lines a person can read. */

const MAX_LINES = 8

/** Paths that differ, each with what was and what is. */
export function differences(before: unknown, after: unknown): [path: string, change: string][] {
  return walk(before, after, '').slice(0, MAX_LINES)
}

function walk(before: unknown, after: unknown, path: string): [string, string][] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return names.flatMap((name) =>
      walk(before[name], after[name], path === '' ? name : `${path}.${name}`),
    )
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  return [[path, `${show(before)} → ${show(after)}`]]
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
