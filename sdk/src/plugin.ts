// SPDX-License-Identifier: Apache-2.0
/** A plugin: a name and its job types. */
import type { AnyJobType } from './job-type.ts'

/** Job types by name. */
export type Jobs = Readonly<Record<string, AnyJobType>>

/** A capability as `definePlugin` returns it; keeps the types of its job types. */
export interface Plugin<J extends Jobs = Jobs> {
  readonly name: string
  readonly summary: string
  readonly jobs: J
}

/** Grammar of a plugin's name. */
export const PLUGIN_NAME: RegExp = /^[a-z][a-z0-9-]{0,31}$/

/** Grammar of a job type's name within its plugin: `verb` or `noun.verb`. */
export const JOB_NAME: RegExp = /^[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){0,3}$/

/** Grammar of a handle's name. */
export const HANDLE_NAME: RegExp = /^[a-z][A-Za-z0-9]{0,31}$/

/**
 * Defines a plugin. The entry file of a plugin package exports the result as `plugin`.
 *
 * Throws: TypeError when a name does not fit its grammar.
 *
 * @example
 * export const plugin = definePlugin({ name: 'sensors', summary: 'Hardware readings', jobs: { read } })
 */
export function definePlugin<J extends Jobs>(spec: Plugin<J>): Plugin<J> {
  expectName(PLUGIN_NAME, spec.name, 'plugin name')
  for (const [name, job] of Object.entries(spec.jobs)) {
    expectName(JOB_NAME, name, 'job name')
    for (const handle of Object.keys(job.permissions)) {
      expectName(HANDLE_NAME, handle, `handle name in ${name}`)
    }
  }
  return Object.freeze({ ...spec, jobs: Object.freeze({ ...spec.jobs }) })
}

function expectName(grammar: RegExp, name: string, what: string): void {
  if (!grammar.test(name))
    throw new TypeError(`${what} ${JSON.stringify(name)} must match ${grammar}`)
}
