// SPDX-License-Identifier: Apache-2.0
/** Which guests and nodes an entry is about: what decides who besides the operators is shown it. */

/** Things an entry may be about at most. */
export const MAX_ABOUT = 64

/** Kinds of things by the names that resources and fields of an input have for them. */
const KINDS: Readonly<Record<string, 'guest' | 'node'>> = {
  vmid: 'guest',
  newid: 'guest',
  node: 'node',
  target: 'node',
}

const FORMS = {
  guest: /^[1-9][0-9]{2,8}$/,
  node: /^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/,
} as const

/**
 * What the resources of a job are: `guest/101`, `node/pve1`.
 *
 * Trust: the values come from the signed input. One that cannot name a guest or node is left out, whoever wrote it.
 */
export function aboutResources(resources: ReadonlyMap<string, readonly string[]>): string[] {
  const all = [...resources].flatMap(([name, values]) =>
    values.flatMap((value) => thing(name, value)),
  )
  return bounded(all)
}

/** What an input is about by the names of its fields alone, where no manifest says more. */
export function aboutInput(input: Readonly<Record<string, unknown>>): string[] {
  const all = Object.entries(input).flatMap(([name, given]) => {
    const values: readonly unknown[] = Array.isArray(given) ? given : [given]
    return values.flatMap((value) => (isPlain(value) ? thing(name, String(value)) : []))
  })
  return bounded(all)
}

function thing(name: string, value: string): string[] {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  return kind !== undefined && FORMS[kind].test(value) ? [`${kind}/${value}`] : []
}

function bounded(all: readonly string[]): string[] {
  return [...new Set(all)].slice(0, MAX_ABOUT)
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || Number.isSafeInteger(value)
}
