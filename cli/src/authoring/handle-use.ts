// SPDX-License-Identifier: Apache-2.0
/** One use of a handle, wherever it was seen: in a test with fakes, in the sandbox, or in the log of an agent. */

/** What a job did with a handle. */
export interface HandleUse {
  readonly job: string
  readonly handle: string
  readonly kind: string
  readonly method: string
  readonly args: readonly unknown[]
  /** The path that a file's name leads to, where it was another one. */
  readonly leadsTo?: string | undefined
  /** The values that the input of the run named, by resource. */
  readonly resources: Readonly<Record<string, readonly string[]>>
}

/** Paths, routes and job types that a use touched, as one text: what a permission names one by one. */
export function targetOf({ kind, args, leadsTo }: Omit<HandleUse, 'resources'>): string {
  const [first] = args
  if (kind === 'endpoint') {
    const { method, path } = (first ?? {}) as { method?: unknown; path?: unknown }
    return `${textOf(method)} ${textOf(path)}`
  }
  if (kind === 'exec') return Array.isArray(first) ? first.map(textOf).join(' ') : ''
  return leadsTo ?? textOf(first)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
