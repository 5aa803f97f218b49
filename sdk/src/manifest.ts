// SPDX-License-Identifier: Apache-2.0
/** The manifest: everything an operator reads before approving a plugin, derived from its code and committed beside it. */
import type { Effect, Limits } from './job-type.ts'
import type { Permissions } from './permission.ts'
import type { Plugin } from './plugin.ts'
import type { JsonSchema } from './schema.ts'

/** One job type as the manifest shows it. */
export interface JobManifest {
  readonly summary: string
  readonly effect: Effect
  readonly input: JsonSchema
  readonly output: JsonSchema
  /** Names of resources, each with the field of the input that holds its value or values. */
  readonly resources: Readonly<Record<string, string>>
  /** Fields of the input that a policy may decide on. */
  readonly policyInputs: readonly string[]
  readonly permissions: Permissions
  readonly limits: Limits
  readonly hasPlan: boolean
  readonly hasResume: boolean
  readonly hasVerify: boolean
}

/** A plugin as plain data. */
export interface PluginManifest {
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly jobs: Readonly<Record<string, JobManifest>>
}

/**
 * Derives the manifest of a plugin.
 *
 * @example
 * const manifest = manifestOf(plugin, '0.1.0')
 */
export function manifestOf(plugin: Plugin, version: string): PluginManifest {
  const jobs: Record<string, JobManifest> = {}
  for (const name of Object.keys(plugin.jobs).sort()) {
    const job = plugin.jobs[name]!
    const target = { target: 'draft-2020-12' } as const
    jobs[name] = {
      summary: job.summary,
      effect: job.effect,
      input: job.input['~standard'].jsonSchema.input(target),
      output: job.output['~standard'].jsonSchema.output(target),
      resources: job.resources,
      policyInputs: job.policyInputs,
      permissions: job.permissions,
      limits: job.limits,
      hasPlan: job.plan !== undefined,
      hasResume: job.resume !== undefined,
      hasVerify: job.verify !== undefined,
    }
  }
  return { name: plugin.name, version, summary: plugin.summary, jobs }
}
