// SPDX-License-Identifier: Apache-2.0
/**
 * The program inside the sandbox: checks that it is walled in, loads the plugin it is sent, and runs its jobs.
 *
 * Trust: everything after `load` shares this process with the plugin, so nothing here protects the agent. The agent
 * checks every message it gets from here.
 * Why one file without imports but Node's own: its text is fed to Node over standard input; there is no file to import.
 */
import { subscribe } from 'node:diagnostics_channel'
import { networkInterfaces } from 'node:os'
import type { JobType, Plugin, Schema } from '@sallyport/sdk'
import type { CodedText, FromPlugin, RunFrame, ToPlugin } from './frames.ts'

/** Exit code when a wall is missing. */
const EXIT_WALL_MISSING = 97
const NOBODY = 65_534
/** Source: Linux, `asm-generic/errno-base.h`. libuv reports it here without its usual sign. */
const EPERM = 1
const SCOPES = [
  'fs.read',
  'fs.write',
  'net',
  'child',
  'worker',
  'addon',
  'wasi',
  'inspector',
  'ffi',
]

/** Bounds that keep an honest plugin clear of what the agent takes for abuse. */
const MAX_OPEN_CALLS = 16
const MAX_LINES = 500
const MAX_LOG_LENGTH = 1_000
const MAX_PROGRESS_LENGTH = 250
const MAX_ARGS_LENGTH = 1_500_000
const MAX_DETAILS_LENGTH = 8_000
const MAX_DENIALS = 100
const MAX_RESOURCE_LENGTH = 500

/** Channels on which Node says what its permission model denied. Source: Node.js, "Permissions", diagnostics channels. */
const DENIAL_CHANNELS = ['fs', 'net', 'child', 'worker', 'inspector', 'wasi', 'addon', 'ffi']

interface OpenCall {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** One run, as this side knows it. */
interface Run {
  readonly frame: RunFrame
  readonly controller: AbortController
  readonly calls: Map<number, OpenCall>
  cancelled: CodedText | undefined
  /** Calls that wait until another has its answer. */
  readonly waiting: (() => void)[]
  openCallCount: number
  callCount: number
  lineCount: number
  denialCount: number
}

type Context = Parameters<NonNullable<JobType['plan']>>[0]

interface Denial {
  readonly permission?: unknown
  readonly resource?: unknown
}

const runs = new Map<number, Run>()
/** What was denied while no run was under way, as while the plugin was loaded: for the next run. */
const early: Denial[] = []
let plugin: Plugin | undefined

const missing = missingWalls()
if (missing.length > 0) {
  process.stderr.write(`missing: ${missing.join(', ')}\n`)
  process.exit(EXIT_WALL_MISSING)
}
for (const channel of DENIAL_CHANNELS) subscribe(`node:permission-model:${channel}`, onDenial)
process.on('message', receive)
send({ type: 'standing' })

/** What of the two walls does not stand, as seen from here; the agent looks from outside as well. */
function missingWalls(): string[] {
  const permission = process.permission as { has(scope: string): boolean } | undefined
  const networks = seenNetworks()
  const walls = {
    'permission model': permission !== undefined,
    // Why both: `has` without a path overlooks a grant for some paths.
    'permission model without grants':
      SCOPES.every((scope) => permission?.has(scope) === false) &&
      process.execArgv.every((flag) => !flag.startsWith('--allow')),
    'network namespace': networks === undefined || networks.every((name) => name === 'lo'),
    'system call filter': networks === undefined,
    'process namespace': process.ppid === 1,
    'unprivileged user': process.getuid?.() === NOBODY && process.getgid?.() === NOBODY,
    'empty environment': Object.keys(process.env).every((name) => name === 'PWD'),
    'message channel': process.send !== undefined,
  }
  return Object.entries(walls).flatMap(([name, stands]) => (stands ? [] : [name]))
}

/** Names of the network interfaces; undefined when the filter denies even the socket it takes to ask for them. */
function seenNetworks(): string[] | undefined {
  try {
    return Object.keys(networkInterfaces())
  } catch (error) {
    const { errno } = error as { errno?: number }
    return Math.abs(errno ?? 0) === EPERM ? undefined : ['unknown']
  }
}

function send(frame: FromPlugin): void {
  process.send?.(frame)
}

function receive(message: unknown, socket: unknown): void {
  const frame = message as ToPlugin
  if (frame.type === 'load') void load(frame.text, frame.version)
  else if (frame.type === 'run') void run(frame)
  else if (frame.type === 'cancel') cancel(frame.runId, frame)
  else settleCall(frame, socket)
}

/** Imports the plugin from memory. Why the last line: it gives the plugin a name in stack traces. */
async function load(text: string, version: string): Promise<void> {
  try {
    const source = Buffer.from(`${text}\n//# sourceURL=plugin.mjs`).toString('base64')
    const loaded = (await import(`data:text/javascript;base64,${source}`)) as { plugin?: Plugin }
    if (loaded.plugin === undefined) throw new Error('it exports no `plugin`')
    plugin = loaded.plugin
    send({ type: 'loaded', manifest: JSON.stringify(describe(plugin, version)) })
  } catch (error) {
    send({ type: 'unloadable', message: messageOf(error) })
  }
}

/** The manifest of what was really loaded, derived as `manifestOf` of the SDK does. */
function describe(loaded: Plugin, version: string): unknown {
  const target = { target: 'draft-2020-12' } as const
  const jobs: Record<string, unknown> = {}
  for (const [name, job] of Object.entries(loaded.jobs as Record<string, JobType>)) {
    jobs[name] = {
      summary: job.summary,
      effect: job.effect,
      input: job.input['~standard'].jsonSchema.input(target),
      output: job.output['~standard'].jsonSchema.output(target),
      resources: job.resources,
      policyInputs: job.policyInputs ?? [],
      permissions: job.permissions,
      limits: job.limits,
      hasPlan: job.plan !== undefined,
      hasResume: job.resume !== undefined,
      hasVerify: job.verify !== undefined,
    }
  }
  return { name: loaded.name, version, summary: loaded.summary, jobs }
}

async function run(frame: RunFrame): Promise<void> {
  const { runId } = frame
  const started: Run = {
    frame,
    controller: new AbortController(),
    calls: new Map(),
    cancelled: undefined,
    waiting: [],
    openCallCount: 0,
    callCount: 0,
    lineCount: 0,
    denialCount: 0,
  }
  runs.set(runId, started)
  for (const denial of early.splice(0)) sendDenial(started, denial)
  try {
    send({ type: 'done', runId, output: await perform(started) })
  } catch (error) {
    send({ type: 'failed', runId, ...failureOf(error) })
  } finally {
    runs.delete(runId)
  }
}

/** One step of a job: the checked input in, the checked return value out, as JSON. */
async function perform(started: Run): Promise<string> {
  const { jobId, jobName, step, maxOutputBytes } = started.frame
  const job = plugin!.jobs[jobName] as JobType
  const context = {
    jobId,
    input: await checked(job.input, started.frame.input, 'ERR_INPUT_FORM'),
    use: handlesOf(started),
    signal: started.controller.signal,
    log: (text: string) => sendLine(started, 'log', text),
  }
  const json = JSON.stringify(await returnedBy(job, context, started))
  const what = step === 'plan' || step === 'verify' ? `what ${step} returned` : 'the output'
  if (json === undefined) throw coded('ERR_OUTPUT_FORM', `${what} is not JSON`)
  const bytes = Buffer.byteLength(json)
  if (bytes <= maxOutputBytes) return json
  throw coded('ERR_OUTPUT_LIMIT', `${what} has ${bytes} bytes, more than ${maxOutputBytes}`)
}

async function returnedBy(job: JobType, context: Context, started: Run): Promise<unknown> {
  const { step, given } = started.frame
  const { plan, kept, output } = given
  if (step === 'plan') return (await job.plan!(context)) ?? null
  if (step === 'verify') return job.verify!({ ...context, plan, output } as never)
  const progress = (text: string): void => sendLine(started, 'progress', text)
  const keep = async (value: unknown): Promise<void> => {
    await call(started, '$run', 'keep', [value])
  }
  const returned: unknown = await (step === 'run'
    ? job.run({ ...context, plan, progress, keep } as never)
    : job.resume!({ ...context, plan, progress, kept } as never))
  return checked(job.output, returned, 'ERR_OUTPUT_FORM')
}

async function checked(schema: Schema, value: unknown, code: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  const issues = result.issues.slice(0, 8).map(({ path, message }) => {
    const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
    return `${keys.join('.') || '(whole)'}: ${message}`.slice(0, 200)
  })
  throw coded(code, issues.join('; '), { issues })
}

/**
 * Any name is a handle and any method of it a call: the agent knows what was approved, and says so.
 * Why no method named `then`: awaiting a handle must not call it.
 */
function handlesOf(started: Run): never {
  return namesOf((handle) =>
    namesOf(
      (method) =>
        (...args: unknown[]) =>
          call(started, handle, method, args),
    ),
  ) as never
}

function namesOf(make: (name: string) => unknown): object {
  const get = (_: object, name: string | symbol): unknown =>
    typeof name === 'string' && name !== 'then' ? make(name) : undefined
  return new Proxy(Object.freeze({}), { get })
}

async function call(
  started: Run,
  handle: string,
  method: string,
  given: readonly unknown[],
): Promise<unknown> {
  const args = JSON.stringify(given, bytesAsText)
  if (args.length > MAX_ARGS_LENGTH)
    throw coded('ERR_LIMIT', `the arguments of ${method} are too large`)
  while (started.openCallCount >= MAX_OPEN_CALLS) {
    await new Promise<void>((turn) => started.waiting.push(turn))
  }
  started.openCallCount += 1
  try {
    return await new Promise((resolve, reject) => {
      if (started.cancelled !== undefined) return reject(errorOf(started.cancelled))
      const callId = ++started.callCount
      started.calls.set(callId, { resolve, reject })
      send({ type: 'call', runId: started.frame.runId, callId, handle, method, args })
    })
  } finally {
    started.openCallCount -= 1
    started.waiting.shift()?.()
  }
}

/** Bytes among the arguments, as the agent reads them. Why `this`: a Buffer has been turned into a list by then. */
function bytesAsText(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const given = this[key]
  return given instanceof Uint8Array ? { $bytes: Buffer.from(given).toString('base64url') } : value
}

function settleCall(frame: Extract<ToPlugin, { type: 'reply' }>, socket: unknown): void {
  const calls = runs.get(frame.runId)?.calls
  const open = calls?.get(frame.callId)
  calls?.delete(frame.callId)
  if (frame.ok) open?.resolve(socket ?? frame.value)
  else open?.reject(errorOf(frame))
}

function cancel(runId: number, reason: CodedText): void {
  const started = runs.get(runId)
  if (started === undefined) return
  const error = errorOf(reason)
  started.cancelled = reason
  started.controller.abort(error)
  for (const open of started.calls.values()) open.reject(error)
  started.calls.clear()
}

/** Puts what was denied down to the run that was started last. */
function onDenial(message: unknown): void {
  const started = [...runs.values()].at(-1)
  if (started !== undefined) sendDenial(started, message as Denial)
  else if (early.length < MAX_DENIALS) early.push(message as Denial)
}

function sendDenial(started: Run, { permission, resource }: Denial): void {
  started.denialCount += 1
  if (started.denialCount > MAX_DENIALS) return
  const { runId } = started.frame
  const what = String(resource ?? '').slice(0, MAX_RESOURCE_LENGTH)
  send({ type: 'denied', runId, permission: String(permission).slice(0, 64), resource: what })
}

function sendLine(started: Run, type: 'log' | 'progress', text: unknown): void {
  started.lineCount += 1
  if (started.lineCount > MAX_LINES) return
  const last = started.lineCount === MAX_LINES
  const line = last ? 'further lines of this run are left out' : String(text)
  const length = type === 'log' ? MAX_LOG_LENGTH : MAX_PROGRESS_LENGTH
  send({ type, runId: started.frame.runId, text: line.slice(0, length) })
}

/** An error as `CodedError` of the SDK looks; plugins tell errors apart by `code`. */
function coded(code: string, message: string, details: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), { name: 'CodedError', code, details })
}

function errorOf({ code, message }: CodedText): Error {
  return coded(code, message)
}

/** What a plugin threw, as a failure. A plain error is the plugin's mistake and has a code of its own. */
function failureOf(
  error: unknown,
): Omit<Extract<FromPlugin, { type: 'failed' }>, 'type' | 'runId'> {
  const thrown = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >
  const hasCode = typeof thrown['code'] === 'string' && /^ERR_[A-Z0-9_]{1,60}$/.test(thrown['code'])
  return {
    code: hasCode ? String(thrown['code']) : 'ERR_JOB_THREW',
    message: messageOf(error),
    details: detailsOf(thrown['details']),
    retryable: thrown['retryable'] === true,
  }
}

function detailsOf(details: unknown): string {
  try {
    const isObject = typeof details === 'object' && details !== null && !Array.isArray(details)
    const text = isObject ? JSON.stringify(details) : '{}'
    return text.length <= MAX_DETAILS_LENGTH ? text : '{"isCut":true}'
  } catch {
    return '{"isCut":true}' // It holds itself, or what JSON cannot write.
  }
}

function messageOf(error: unknown): string {
  const isError = typeof error === 'object' && error !== null && 'message' in error
  return String(isError ? error.message : error).slice(0, 2_000)
}
