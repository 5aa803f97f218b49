// SPDX-License-Identifier: Apache-2.0
/** The contract that every plugin keeps, as data for any test runner. */
import { CodedError } from '../errors.ts'
import type { AnyJobType } from '../job-type.ts'
import { manifestOf } from '../manifest.ts'
import type { PluginManifest } from '../manifest.ts'
import type { Permission } from '../permission.ts'
import { HANDLE_NAME } from '../plugin.ts'
import type { Plugin } from '../plugin.ts'
import type { Schema } from '../schema.ts'
import * as faults from './contract-faults.ts'
import { firstDifference, firstNonJson } from './json-schema.ts'
import { permissionFaults } from './permission-faults.ts'
import { planJob } from './run-job.ts'

/** One thing a plugin must keep. `check` throws ERR_CONTRACT with the reason when it does not. */
export interface ContractCase {
  readonly name: string
  check(): Promise<void> | void
}

/** Values a job type must accept. Without an input sample, `{}` is tried where the schema allows it. */
export interface JobSamples {
  readonly inputs?: readonly Readonly<Record<string, unknown>>[]
  readonly outputs?: readonly unknown[]
  /** Jobs that are planned twice. What moves by itself in the fakes of the second must not be in the plan. */
  readonly plans?: readonly PlanSample[]
}

/** A job to plan. */
export interface PlanSample {
  readonly input?: Readonly<Record<string, unknown>>
  /** The fakes by handle; called for each of the two plans. */
  use(): object
}

/**
 * The cases of one plugin; `manifest` is the committed `manifest.json`, `samples` are by job name.
 *
 * @example
 * it.each(contractCases(plugin, { manifest }))('$name', ({ check }) => check())
 */
export function contractCases(
  plugin: Plugin,
  options: { manifest?: unknown; samples?: Readonly<Record<string, JobSamples>> } = {},
): ContractCase[] {
  const jobs = Object.entries(plugin.jobs)
  return [
    one('the plugin has a name and a one-line summary', () => faults.pluginFaults(plugin)),
    one('the plugin has job types', () => (jobs.length > 0 ? [] : ['there is none'])),
    one('the plugin is frozen', () => faults.frozenFaults(plugin)),
    one('the manifest is plain JSON', () => {
      const where = firstNonJson(manifestOf(plugin, '0.0.0'))
      return where === undefined ? [] : [`${where} is no JSON value`]
    }),
    ...('manifest' in options ? [committedCase(plugin, options.manifest)] : []),
    ...jobs.flatMap(([name, job]) => jobCases(name, job, options.samples?.[name] ?? {})),
    ...jobs.flatMap(([name]) => planCases(plugin, name, options.samples?.[name]?.plans ?? [])),
  ]
}

function jobCases(name: string, job: AnyJobType, samples: JobSamples): ContractCase[] {
  const permissions = Object.entries<Permission>(job.permissions)
  return [
    one(`${name} has a name and a one-line summary`, () => faults.nameFaults(name, job)),
    one(`${name} says its effect`, () => faults.effectFaults(job)),
    one(`${name} has sane limits`, () => faults.limitFaults(job.limits)),
    one(`${name} has a run, and where it destroys a plan and a verify step`, () =>
      faults.stepFaults(job),
    ),
    one(`${name} takes a strict, described input`, () => faults.inputSchemaFaults(job)),
    one(`${name} refuses an input that is no object`, () => faults.shapeFaults(job.input)),
    one(`${name} refuses an unknown field`, () =>
      faults.unknownFieldFaults(job, samples.inputs ?? [{}]),
    ),
    one(`${name} yields an object`, () => faults.outputSchemaFaults(job)),
    ...permissions.map(([handle, permission]) =>
      one(`${name} may use ${handle} within a well-formed permission`, () => [
        ...(HANDLE_NAME.test(handle) ? [] : [`"${handle}" must match ${HANDLE_NAME}`]),
        ...permissionFaults(permission, job.limits.timeoutMs, Object.keys(job.resources)),
      ]),
    ),
    ...sampleCases(`${name} accepts input sample`, job.input, samples.inputs ?? []),
    ...sampleCases(`${name} accepts output sample`, job.output, samples.outputs ?? []),
  ]
}

function planCases(plugin: Plugin, name: string, samples: readonly PlanSample[]): ContractCase[] {
  return samples.map((sample, index) =>
    one(`${name} plans sample ${index + 1} the same twice`, async () => {
      const look = () =>
        planJob(plugin, name, { input: sample.input ?? {}, use: sample.use() as never })
      const where = firstDifference(await look(), await look())
      return where === undefined
        ? []
        : [`two plans in a row differ at ${where}; leave out of it what moves by itself`]
    }),
  )
}

function one(name: string, look: () => string[] | Promise<string[]>): ContractCase {
  const check = async (): Promise<void> => {
    const found = await look()
    if (found.length > 0) throw new CodedError('ERR_CONTRACT', `${name}: ${found.join('; ')}`)
  }
  return { name, check }
}

function committedCase(plugin: Plugin, committed: unknown): ContractCase {
  return one('the committed manifest is the derived one', () => {
    const version = String((committed as PluginManifest | undefined)?.version)
    const where = firstDifference(manifestOf(plugin, version), committed)
    return where === undefined ? [] : [`they differ at ${where}; write it anew`]
  })
}

function sampleCases(title: string, schema: Schema, samples: readonly unknown[]): ContractCase[] {
  return samples.map((sample, index) =>
    one(`${title} ${index + 1}`, async () =>
      (await faults.accepts(schema, sample)) ? [] : [`it refuses ${JSON.stringify(sample)}`],
    ),
  )
}
