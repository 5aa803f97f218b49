// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with a plugin that compiles, each as sentences; none when all is well. */
import type { AnyJobType, Effect, Limits } from '../job-type.ts'
import { JOB_NAME, PLUGIN_NAME } from '../plugin.ts'
import type { Plugin } from '../plugin.ts'
import type { JsonSchema, Schema } from '../schema.ts'
import { looseObjectsOf, undescribedOf } from './json-schema.ts'
import { within } from './permission-faults.ts'

const EFFECTS: readonly Effect[] = ['read', 'change', 'destroy']

/** Faults of the plugin itself. */
export function pluginFaults(plugin: Plugin): string[] {
  const isNamed = PLUGIN_NAME.test(plugin.name)
  return [
    ...(isNamed ? [] : [`"${plugin.name}" must match ${PLUGIN_NAME}`]),
    ...summaryFaults(plugin.summary),
  ]
}

/** An effect outside the three grades. */
export function effectFaults(job: AnyJobType): string[] {
  return EFFECTS.includes(job.effect) ? [] : [`effect is ${JSON.stringify(job.effect)}`]
}

/** Faults of a job type's name and summary. */
export function nameFaults(name: string, job: AnyJobType): string[] {
  const isNamed = JOB_NAME.test(name)
  return [...(isNamed ? [] : [`"${name}" must match ${JOB_NAME}`]), ...summaryFaults(job.summary)]
}

function summaryFaults(summary: string): string[] {
  const isLine = typeof summary === 'string' && /^\S.{2,118}\S$/u.test(summary)
  return isLine ? [] : ['the summary is not one line of 4 to 120 characters']
}

/** Parts that code could change after the manifest was derived. */
export function frozenFaults(plugin: Plugin): string[] {
  const jobs = Object.entries(plugin.jobs)
  const parts = [['the plugin', plugin], ['its list of job types', plugin.jobs], ...jobs] as const
  return parts
    .filter(([, part]) => !Object.isFrozen(part))
    .map(([name]) => `${name} can be changed`)
}

/** Limits no job can live with or no agent should. */
export function limitFaults(limits: Limits): string[] {
  return [
    ...within('perMinute', limits.perMinute, 1, 6_000),
    ...within('timeoutMs', limits.timeoutMs, 100, 86_400_000),
    ...within('maxOutputBytes', limits.maxOutputBytes, 2, 1_048_576),
  ]
}

const OPTIONAL_STEPS = ['plan', 'resume', 'verify'] as const

/** Missing code: a run, or of a job type that destroys the plan and the second look. */
export function stepFaults(job: AnyJobType): string[] {
  const needed = job.effect === 'destroy' ? (['plan', 'verify'] as const) : []
  return [
    ...(typeof job.run === 'function' ? [] : ['there is no run']),
    ...OPTIONAL_STEPS.filter((step) => job[step] !== undefined)
      .filter((step) => typeof job[step] !== 'function')
      .map((step) => `${step} is no function`),
    ...needed
      .filter((step) => job[step] === undefined)
      .map((step) => `a job type that destroys needs a ${step} step`),
  ]
}

/** Places where the input lets unknown fields in, or does not say what a field is. */
export function inputSchemaFaults(job: AnyJobType): string[] {
  const schema: JsonSchema = job.input['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
  return [
    ...objectFaults(schema),
    ...looseObjectsOf(schema).map((pointer) => `${pointer} lets unknown fields in`),
    ...undescribedOf(schema).map((name) => `the field ${name} has no description`),
  ]
}

/** Faults of the output as JSON Schema. */
export function outputSchemaFaults(job: AnyJobType): string[] {
  return objectFaults(job.output['~standard'].jsonSchema.output({ target: 'draft-2020-12' }))
}

function objectFaults(schema: JsonSchema): string[] {
  return schema['type'] === 'object' ? [] : ['the outermost type is not object']
}

/** Values that are no object and yet accepted. */
export async function shapeFaults(schema: Schema): Promise<string[]> {
  const wrong = [null, [], 'text', 1, true]
  const faults: string[] = []
  for (const value of wrong) {
    if (await accepts(schema, value)) faults.push(`it accepts ${JSON.stringify(value)}`)
  }
  return faults
}

/** Inputs that are accepted with a field the schema does not know. */
export async function unknownFieldFaults(
  job: AnyJobType,
  samples: readonly object[],
): Promise<string[]> {
  for (const sample of samples) {
    const widened = { ...sample, unknownField: 1 }
    if (await accepts(job.input, widened)) return [`it accepts ${JSON.stringify(widened)}`]
  }
  return []
}

/** Whether a schema accepts a value. */
export async function accepts(schema: Schema, value: unknown): Promise<boolean> {
  return (await schema['~standard'].validate(value)).issues === undefined
}
