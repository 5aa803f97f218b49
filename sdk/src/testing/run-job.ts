// SPDX-License-Identifier: Apache-2.0
/** Runs one job type as an agent would, with fakes for handles and no sandbox. */
import { CodedError } from '../errors.ts'
import { STEP_LIMITS } from '../job-type.ts'
import type { AnyJobType, JobType, Step, Verification } from '../job-type.ts'
import type { Handles } from '../permission.ts'
import type { Plan } from '../plan.ts'
import type { Jobs, Plugin } from '../plugin.ts'
import { resourcesOf } from '../resources.ts'
import type { OutputOf, Schema } from '../schema.ts'
import { byteLength } from './fake.ts'
import { handlesIn } from './in-step.ts'
import { observedHandles, runListener } from './observe.ts'
import { planFaults } from './plan-faults.ts'

/** The handles a job type needs. */
export type HandlesOfJob<J extends AnyJobType> =
  J extends JobType<infer _I, infer _O, infer P, infer _S> ? Handles<P> : never

/** What a job type yields. */
export type OutputOfJob<J extends AnyJobType> =
  J extends JobType<infer _I, infer O, infer _P, infer _S> ? OutputOf<O> : never

/** One run for a test. `use` names one fake (or any object of the handle's shape) per permission. */
export interface TestRun<J extends AnyJobType> {
  /** As it comes off the wire, unchecked; `{}` unless given. */
  readonly input?: unknown
  readonly use: HandlesOfJob<J>
  readonly jobId?: string
  readonly signal?: AbortSignal
  /** Resumes a run that kept this, in place of running. Without a plan it is made anew, which an agent never does. */
  readonly resume?: { readonly kept: unknown; readonly plan?: unknown }
}

/** How a run ended: the checked output, plan and verdict, what was kept, and the lines it logged and reported. */
export interface TestOutcome<J extends AnyJobType> {
  readonly output: OutputOfJob<J>
  readonly plan: unknown
  /** What `verify` found; undefined without one. */
  readonly verification: Verification | undefined
  /** What the run made durable, oldest first. */
  readonly kept: readonly unknown[]
  readonly logged: readonly string[]
  readonly reported: readonly string[]
}

/**
 * Checks the input, runs the steps with each fake under the permission of its name, and checks what they give back. In
 * every step but `run` the handles look and no more.
 *
 * Throws: ERR_JOB_UNKNOWN, ERR_HANDLE_MISSING, ERR_INPUT_FORM, ERR_PLAN_FORM, ERR_OUTPUT_FORM, ERR_OUTPUT_LIMIT, and what
 * the job itself throws, also in `verify`, which an agent would take for an inconclusive verdict.
 *
 * @example
 * const { output } = await runJob(plugin, 'uptime', { use: { proc: fakeFiles({ '/proc/uptime': '12.5 3.0' }) } })
 */
export async function runJob<J extends Jobs, N extends keyof J & string>(
  plugin: Plugin<J>,
  jobName: N,
  options: TestRun<J[N]>,
): Promise<TestOutcome<J[N]>> {
  if (!Object.hasOwn(plugin.jobs, jobName)) {
    throw new CodedError('ERR_JOB_UNKNOWN', `${plugin.name} has no job type ${jobName}`)
  }
  const job: AnyJobType = plugin.jobs[jobName]!
  const logged: string[] = []
  const reported: string[] = []
  const contextOf = await contextsFor(plugin, jobName, { ...options, logged })
  const plan = options.resume?.plan ?? (await planned(job, contextOf('plan')))
  const progress = (message: string): void => void reported.push(message)
  const kept: unknown[] = []
  const keep = async (value: unknown): Promise<void> => void kept.push(keepable(value, kept.length))
  const returned: unknown =
    options.resume === undefined
      ? await job.run({ ...contextOf('run'), plan, progress, keep })
      : await resumed(job, {
          ...contextOf('resume'),
          plan,
          progress,
          kept: options.resume.kept,
        })
  const output = await checked(job.output, returned, 'ERR_OUTPUT_FORM')
  expectSize(output, job.limits.maxOutputBytes)
  const verification = await job.verify?.({ ...contextOf('verify'), plan, output })
  return { output: output as OutputOfJob<J[N]>, plan, verification, kept, logged, reported }
}

/**
 * Makes the plan of a job and nothing more, with each fake under the permission of its name. The handles look and no more.
 *
 * Throws: ERR_JOB_UNKNOWN also for a job type without a plan, ERR_HANDLE_MISSING, ERR_INPUT_FORM, ERR_PLAN_FORM, and what
 * `plan` throws.
 *
 * @example
 * const { changes } = await planJob(plugin, 'guest.delete', { input: { vmid: 102 }, use: { pve } })
 */
export async function planJob<J extends Jobs, N extends keyof J & string>(
  plugin: Plugin<J>,
  jobName: N,
  options: Omit<TestRun<J[N]>, 'resume'>,
): Promise<Plan> {
  const job: AnyJobType | undefined = Object.hasOwn(plugin.jobs, jobName)
    ? plugin.jobs[jobName]
    : undefined
  if (job?.plan === undefined) {
    throw new CodedError('ERR_JOB_UNKNOWN', `${plugin.name} has no job type ${jobName} that plans`)
  }
  const contextOf = await contextsFor(plugin, jobName, { ...options, logged: [] })
  return (await planned(job, contextOf('plan'))) as Plan
}

type StepContext = Parameters<NonNullable<AnyJobType['plan']>>[0]

/** What each step gets: the checked input, and handles of its own. */
async function contextsFor<J extends Jobs, N extends keyof J & string>(
  plugin: Plugin<J>,
  jobName: N,
  options: TestRun<J[N]> & { readonly logged: string[] },
): Promise<(step: Step) => StepContext> {
  const job: AnyJobType = plugin.jobs[jobName]!
  const { permissions } = job
  const { use, logged } = options
  const resources = resourcesOf(job, inputOf(options.input))
  const input = await checked(job.input, options.input ?? {}, 'ERR_INPUT_FORM')
  const listener = runListener()
  listener?.started(plugin.name, jobName)
  const run = { plugin: plugin.name, job: jobName, permissions, resources }
  return (step) => ({
    jobId: options.jobId ?? '01890a5d-ac96-774b-bcce-b302099a8057',
    input,
    use: (listener === undefined
      ? handlesIn({ step, permissions, resources }, use)
      : observedHandles({ ...run, listener }, use)) as never,
    signal: options.signal ?? new AbortController().signal,
    log: (message) => void logged.push(message),
  })
}

async function planned(job: AnyJobType, context: StepContext): Promise<unknown> {
  if (job.plan === undefined) return undefined
  const plan: unknown = await job.plan(context)
  const faults = planFaults(plan)
  if (faults.length > 0) throw new CodedError('ERR_PLAN_FORM', faults.slice(0, 8).join('; '))
  return structuredClone(plan)
}

/** A value that an agent would keep. */
function keepable(value: unknown, keptCount: number): unknown {
  const { maxKeepCount, maxKeptBytes } = STEP_LIMITS
  if (keptCount >= maxKeepCount || byteLength(JSON.stringify(value) ?? '') > maxKeptBytes) {
    const message = `a run keeps at most ${maxKeptBytes} bytes, ${maxKeepCount} times`
    throw new CodedError('ERR_LIMIT', message)
  }
  return structuredClone(value)
}

function resumed(
  job: AnyJobType,
  context: Parameters<NonNullable<AnyJobType['resume']>>[0],
): Promise<unknown> {
  if (job.resume !== undefined) return job.resume(context) as Promise<unknown>
  throw new CodedError('ERR_JOB_UNKNOWN', 'this job type cannot be resumed')
}

/** Why the input as given: an agent takes a job's resources from what was signed. */
function inputOf(given: unknown): Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
}

async function checked(schema: Schema, value: unknown, code: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  const issues = result.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`)
  throw new CodedError(code, issues.join('; '), { details: { issues } })
}

function pathOf(path: ReadonlyArray<PropertyKey | { key: PropertyKey }> | undefined): string {
  const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? '(whole)' : keys.join('.')
}

function expectSize(value: unknown, maxBytes: number): void {
  const bytes = byteLength(JSON.stringify(value) ?? '')
  if (bytes > maxBytes) throw new CodedError('ERR_OUTPUT_LIMIT', `the output has ${bytes} bytes`)
}
