// SPDX-License-Identifier: Apache-2.0
/** What a job acts on, as its signed input names it. */
import type { JobManifest } from './manifest.ts'

/** The values of each resource of a job, as text. A resource whose field the input leaves out has none. */
export type Resources = ReadonlyMap<string, readonly string[]>

/** Values of one resource. Why a bound: what a handle may reach must stay readable in the audit log. */
const MAX_VALUES = 256

/**
 * The resources of a job: the values of the input's fields that the manifest names.
 *
 * Trust: the input is the signed one, before any default or conversion of the plugin's own code.
 *
 * @example
 * resourcesOf({ resources: { vmid: 'guest' } }, { guest: 101 }) // Map { 'vmid' => ['101'] }
 */
export function resourcesOf(
  job: Pick<JobManifest, 'resources'>,
  input: Readonly<Record<string, unknown>>,
): Resources {
  return new Map(
    Object.entries(job.resources).map(([name, field]) => [
      name,
      Object.hasOwn(input, field) ? valuesOf(input[field]) : [],
    ]),
  )
}

function valuesOf(given: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(given) ? given.slice(0, MAX_VALUES) : [given]
  return values.filter(isPlain).map(String)
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || Number.isSafeInteger(value)
}
