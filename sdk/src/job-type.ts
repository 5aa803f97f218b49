// SPDX-License-Identifier: Apache-2.0
/** Job types: what one job is called, what it takes and gives, what it may touch, and the code that does it. */
import type { Handles, Permissions } from './permission.ts'
import type { Plan, PlanOf } from './plan.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'

/** The worst a job type may do. */
export type Effect = 'read' | 'change' | 'destroy'

/** Bounds of one job type; the agent enforces them. */
export interface Limits {
  /** Runs admitted per minute on one agent. */
  readonly perMinute: number
  /** Time of one run, after which its process tree is killed. */
  readonly timeoutMs: number
  /** Size of the output as JSON. */
  readonly maxOutputBytes: number
}

/** The limits of a job type that names none. */
export const DEFAULT_LIMITS: Limits = {
  perMinute: 60,
  timeoutMs: 60_000,
  maxOutputBytes: 1_048_576,
}

/** Bounds of what passes from one step of a job to the next; the same for every job type. */
export const STEP_LIMITS = {
  /** Size of a plan as JSON. Why no more: the plan is signed within its job. */
  maxPlanBytes: 49_152,
  /** Count of the changes in a plan. */
  maxChanges: 128,
  /** Characters of each text in a change. */
  maxChangeLength: 512,
  /** Size of a kept value as JSON. */
  maxKeptBytes: 16_384,
  /** How often one run may keep something. */
  maxKeepCount: 64,
} as const

/**
 * The steps of one job, in this order. Only `run` may change anything: in every other step the handles look and no more,
 * whatever the code asks for. `resume` takes the place of `run` after the agent stopped in the middle of it.
 */
export type Step = 'plan' | 'run' | 'resume' | 'verify'

/** What a second look after the run found. */
export interface Verification {
  /** The world is as the run said, is not, or could not be seen. */
  readonly verdict: 'verified' | 'contradicted' | 'inconclusive'
  /** What was seen, in one sentence. */
  readonly message: string
}

/** What `plan` receives: the checked input, and handles that look and no more. */
export interface PlanContext<I extends Schema, P extends Permissions> {
  readonly jobId: string
  readonly input: OutputOf<I>
  readonly use: Handles<P>
  readonly signal: AbortSignal
  /** Writes one line to the agent's log, with the job's id. */
  log(message: string): void
}

/** What `run` receives: as `plan`, and the plan itself where the job type has one: the signed one where it was signed. */
export interface RunContext<I extends Schema, P extends Permissions, S> extends PlanContext<I, P> {
  readonly plan: PlanOf<S>
  /** Tells the waiting operator what is happening, in one short line. */
  progress(message: string): void
  /**
   * Makes a small JSON value durable with the run, in place of the one before; at most 16 KiB. Should the agent stop in
   * the middle, `resume` gets it. Await it before the step it is about; at most 64 times in one run.
   */
  keep(value: unknown): Promise<void>
}

/** What `resume` receives: what was kept last, and handles that look and no more. */
export interface ResumeContext<I extends Schema, P extends Permissions, S> extends PlanContext<
  I,
  P
> {
  readonly plan: PlanOf<S>
  readonly kept: unknown
  progress(message: string): void
}

/** What `verify` receives: what was planned and what `run` returned, and handles that look and no more. */
export interface VerifyContext<
  I extends Schema,
  O extends Schema,
  P extends Permissions,
  S,
> extends PlanContext<I, P> {
  readonly plan: PlanOf<S>
  readonly output: OutputOf<O>
}

/** What an author writes for one job type. `S` is the state that its plan saw. */
export interface JobSpec<I extends Schema, O extends Schema, P extends Permissions, S> {
  readonly summary: string
  readonly effect: Effect
  /** A strict object schema: an unknown field is a refusal. */
  readonly input: I
  readonly output: O
  /**
   * What the job acts on: the name of each resource and the field of the input that holds its value, or a list of
   * values. Routes and constraints that name a resource reach these values only, whatever the code does.
   */
  readonly resources?: Readonly<Record<string, keyof InputOf<I> & string>>
  /**
   * Fields of the input that a policy may decide on, beside the resources: how many cores, whether to purge. Each is a
   * text, a whole number or a boolean, or a list of these; what is left out and has a default counts as the default.
   */
  readonly policyInputs?: readonly (keyof InputOf<I> & string)[]
  readonly permissions: P
  readonly limits?: Partial<Limits>
  /**
   * Looks, changes nothing, and returns what `run` would do. People sign it, and the agent refuses the run unless a second
   * look comes out the same: nothing that moves by itself belongs into it.
   */
  plan?(context: PlanContext<I, P>): Promise<Plan<S>>
  run(context: RunContext<I, P, S>): Promise<InputOf<O>>
  /**
   * Finds out how a run ended that the agent did not see to its end, from what it kept, and returns the output. Without
   * it, or when nothing was kept, such a run is answered as interrupted. Throw when it cannot be told.
   */
  resume?(context: ResumeContext<I, P, S>): Promise<InputOf<O>>
  /** Looks again after the run, by other means than the run itself. Its verdict stands beside the output. */
  verify?(context: VerifyContext<I, O, P, S>): Promise<Verification>
}

/** A job type as `defineJob` returns it, with its limits filled in. */
export interface JobType<
  I extends Schema = Schema,
  O extends Schema = Schema,
  P extends Permissions = Permissions,
  S = unknown,
> extends JobSpec<I, O, P, S> {
  readonly limits: Limits
  readonly resources: Readonly<Record<string, keyof InputOf<I> & string>>
  readonly policyInputs: readonly (keyof InputOf<I> & string)[]
}

/** A job type of any shape: one plugin holds several. This is the only place where their types are forgotten. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyJobType = JobType<any, any, any, any>

/**
 * Defines one job type. Input, output, plan and the handles `run` may use are inferred from the literal;
 * using a handle that `permissions` does not name is a compile error.
 *
 * @example
 * const uptime = defineJob({
 *   summary: 'Seconds since this host started',
 *   effect: 'read',
 *   input: z.strictObject({}),
 *   output: z.object({ seconds: z.number() }),
 *   permissions: { proc: files.read('/proc/uptime') },
 *   run: async ({ use }) => ({ seconds: Number((await use.proc.text('/proc/uptime')).split(' ')[0]) }),
 * })
 */
export function defineJob<
  I extends Schema,
  O extends Schema,
  const P extends Permissions,
  S = undefined,
>(spec: JobSpec<I, O, P, S>): JobType<I, O, P, S> {
  return Object.freeze({
    ...spec,
    resources: spec.resources ?? {},
    policyInputs: spec.policyInputs ?? [],
    limits: { ...DEFAULT_LIMITS, ...spec.limits },
  })
}
