// SPDX-License-Identifier: Apache-2.0
/** The names that a plugin's permissions use, and how each is given a meaning on a host. */
import { bindingsNamedBy } from '@sallyport/core/protocol'
import type { ApprovedJob, BindingKind } from '@sallyport/core/protocol'
import { pairs } from './table.ts'

/** A name that must be bound before a job that uses it can run. */
export interface NeededBinding {
  readonly name: string
  readonly kind: BindingKind
  /** The line to run on the host. */
  readonly bindLine: string
}

const KIND_FLAGS: Readonly<Record<BindingKind, string>> = {
  connect: '--connect tcp://<host>:<port>',
  endpoint: '--url https://<host> --fetch-fingerprint',
  folder: '--folder <path>',
  secret: '--secret-file <file>',
  ssh: '--ssh <account>@<host> --host-key <file> --key-file <file>',
}

/** Every name that approved job types use, sorted, each kind of it once. */
export function neededBindings(
  plugin: string,
  jobs: Readonly<Record<string, ApprovedJob>>,
): NeededBinding[] {
  const named = Object.values(jobs).flatMap(({ permissions }) =>
    Object.values(permissions).flatMap(bindingsNamedBy),
  )
  const distinct = new Map(named.map((each) => [`${each.name} ${each.kind}`, each]))
  return [...distinct]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { name, kind }]) => ({
      name,
      kind,
      bindLine: `sallyport agent bind ${plugin} ${name} ${KIND_FLAGS[kind]}`,
    }))
}

/** The names with their lines for people; nothing where there is none. */
export function bindingLines(needed: readonly NeededBinding[]): string[] {
  if (needed.length === 0) return []
  const rows = needed.map(({ name, kind, bindLine }) => [`${kind} "${name}"`, bindLine] as const)
  return ['It needs these names bound on the host, each by its own line:', pairs(rows)]
}
