// SPDX-License-Identifier: Apache-2.0
/** Turns `--param k=v` into a job's input, typed by the JSON Schema of the approved manifest. */
import { readFile } from 'node:fs/promises'
import { JsonObject, parseJson } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import type { JobManifest } from '@sallyport/sdk'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MAX_INPUT_BYTES = 65_536

/** A JSON Schema of one parameter, as far as it is read here. */
interface ParamSchema {
  readonly type?: unknown
  readonly enum?: readonly unknown[]
  readonly description?: string
}

/** Where the input comes from. `job` is undefined when its plugin was not approved from this machine. */
export interface ParamSource {
  readonly params: readonly string[]
  readonly file?: string | undefined
  readonly jobType: string
  readonly job: JobManifest | undefined
}

/**
 * The input of a job.
 *
 * Why: the agent checks it all again; this only spares a person the way there and back.
 * Throws: ERR_PARAM.
 */
export async function readInput(source: ParamSource): Promise<Job['input']> {
  const fromFile = source.file === undefined ? {} : await readParamsFile(source.file)
  // A map, because an object would take `__proto__=x` for something else than a member.
  const members = new Map(Object.entries(fromFile))
  for (const param of source.params) {
    const at = param.indexOf('=')
    if (at < 1) throw paramProblem(source, `${JSON.stringify(param)} is not name=value`)
    const name = param.slice(0, at)
    if (members.has(name)) throw paramProblem(source, `${name} is given twice`)
    members.set(name, typed(source, name, param.slice(at + 1)) as Job['input'][string])
  }
  const input = Object.fromEntries(members)
  expectComplete(source, input)
  return input
}

async function readParamsFile(file: string): Promise<Job['input']> {
  try {
    const checked = JsonObject.safeParse(parseJson(await readFile(file), MAX_INPUT_BYTES))
    if (checked.success) return checked.data
  } catch (error) {
    if (!isCodedError(error) || !error.code.startsWith('ERR_JSON_')) throw error
    throw fileProblem(file, error.message)
  }
  throw fileProblem(file, 'it is not one JSON object')
}

function typed(source: ParamSource, name: string, text: string): unknown {
  const properties = propertiesOf(source.job) ?? {}
  const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (schema === undefined) return text
  const types = [schema.type ?? typesOfEnum(schema)].flat()
  if (types.includes('string') && !types.includes('null')) return text
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.includes('null') && text === 'null') return null
  if (types.includes('integer') || types.includes('number')) return toNumber(source, name, text)
  if (types.includes('string')) return text
  if (types.includes('boolean'))
    throw paramProblem(source, `${name} is true or false, not ${JSON.stringify(text)}`)
  if (types.includes('array') || types.includes('object')) return toJson(source, name, text)
  return text
}

/** Only the spelling that means one number: no 1e2, no 0x64, no spaces. */
function toNumber(source: ParamSource, name: string, text: string): number {
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && Number.isFinite(Number(text))) return Number(text)
  throw paramProblem(source, `${name} is a number, not ${JSON.stringify(text)}`)
}

function toJson(source: ParamSource, name: string, text: string): unknown {
  try {
    return parseJson(Buffer.from(text), MAX_INPUT_BYTES)
  } catch {
    throw paramProblem(source, `${name} is JSON, and this is not`)
  }
}

function expectComplete(source: ParamSource, input: Job['input']): void {
  const properties = propertiesOf(source.job)
  if (source.job === undefined || properties === undefined) return
  const unknown = Object.keys(input).filter((name) => !Object.hasOwn(properties, name))
  const isClosed = source.job.input['additionalProperties'] === false
  if (isClosed && unknown.length > 0)
    throw paramProblem(source, `there is no parameter ${unknown.join(', ')}`)
  const required = (source.job.input['required'] ?? []) as string[]
  const missing = required.filter((name) => !Object.hasOwn(input, name))
  if (missing.length > 0) throw paramProblem(source, `${missing.join(', ')} is missing`)
  for (const [name, schema] of Object.entries(properties)) {
    const value = input[name]
    if (value === undefined || schema.enum === undefined || schema.enum.includes(value)) continue
    throw paramProblem(
      source,
      `${name} is one of ${schema.enum.join(', ')}, not ${JSON.stringify(value)}`,
    )
  }
}

function paramProblem(source: ParamSource, why: string): Problem {
  const properties = Object.entries(propertiesOf(source.job) ?? {})
  const required = (source.job?.input['required'] ?? []) as string[]
  const details = properties.map(([name, schema]) => [
    name,
    paramText(schema, required.includes(name)),
  ])
  return new Problem('ERR_PARAM', `${source.jobType}: ${why}`, {
    exit: EXIT.usage,
    details: Object.fromEntries(details) as Record<string, string>,
    unharmed: 'Nothing was signed or sent.',
    remedy:
      properties.length === 0 && source.job !== undefined
        ? 'It takes no parameters.'
        : 'Give each as --param name=value, or all as --params-file file.json.',
  })
}

function paramText(schema: ParamSchema, isRequired: boolean): string {
  const type =
    schema.enum === undefined ? [schema.type ?? 'any'].flat().join(' or ') : schema.enum.join(' | ')
  const parts = [type, isRequired ? 'required' : 'optional', schema.description ?? '']
  return parts.filter((part) => part !== '').join(', ')
}

function propertiesOf(job: JobManifest | undefined): Record<string, ParamSchema> | undefined {
  return job?.input['properties'] as Record<string, ParamSchema> | undefined
}

function typesOfEnum(schema: ParamSchema): string[] {
  return [
    ...new Set((schema.enum ?? ['']).map((value) => (value === null ? 'null' : typeof value))),
  ]
}

function fileProblem(file: string, why: string): Problem {
  return new Problem('ERR_PARAM', `${file} cannot be used: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'A params file holds one JSON object with the parameters.',
  })
}
