// SPDX-License-Identifier: Apache-2.0
/** What a plugin may do, in plain words, with everything that differs from the approval before. */
import type { ApprovedJob } from '@sallyport/core/protocol'
import type { JobManifest, Permission, PluginManifest } from '@sallyport/sdk'
import type { Paint } from './paint.ts'
import { boundsText, compareRights } from './rights.ts'
import type { Change, ComparedRight } from './rights.ts'
import { safeText } from './safe-text.ts'
import { counted, size, span } from './words.ts'

/** The job types that are approved, with the manifest that describes them. */
export interface Approvable {
  readonly manifest: PluginManifest
  readonly jobs: Readonly<Record<string, ApprovedJob>>
}

const KIND_WORDS: Readonly<Record<Permission['kind'], string>> = {
  ask: 'run other job types',
  connect: 'open sockets',
  endpoint: 'call services',
  'files.read': 'read files',
  'files.write': 'write files',
  secret: 'see credentials',
  ssh: 'log in to other machines',
  exec: 'run programs',
  state: 'keep state of its own',
}

const MARKS: Readonly<Record<NonNullable<Change>, string>> = {
  same: ' ',
  new: '+',
  changed: '~',
  gone: '-',
}

/** The screen that an operator reads before approving: job types, what they may do, what they may not. */
export function permissionScreen(
  now: Approvable,
  before: Approvable | undefined,
  paint: Paint,
): string {
  const rights = compareRights(now.jobs, before?.jobs)
  return [
    ...jobLines(now, before, paint),
    ...rightLines(rights, Object.keys(now.jobs).length > 1, paint),
    `It may not: ${mayNot(rights).join(', ')}.`,
    ...changeCounts(rights),
  ].join('\n')
}

/** Every right as `--json` shows it. */
export function permissionsJson(now: Approvable, before?: Approvable): object[] {
  return compareRights(now.jobs, before?.jobs).map(
    ({ job, effect, kind, on, verb, thing, bounds, limits, change }) => ({
      job,
      effect,
      kind,
      on: on === '' ? null : on,
      text: `${verb} ${thing}`,
      bounds: [...bounds, ...(limits === '' ? [] : [limits])],
      change,
    }),
  )
}

/** One line for each job type and below it its limits; marked where they differ. */
function jobLines(now: Approvable, before: Approvable | undefined, paint: Paint): string[] {
  const names = Object.keys(now.jobs)
  const gone = Object.keys(before?.jobs ?? {}).filter((name) => !names.includes(name))
  const width = Math.max(...[...names, ...gone].map((name) => name.length))
  const lines = names.flatMap((name) => {
    const job = now.manifest.jobs[name]!
    const known = before?.jobs[name] === undefined ? undefined : before.manifest.jobs[name]
    const differences = known === undefined ? [] : jobDifferences(job, known)
    const change =
      before === undefined
        ? null
        : known === undefined
          ? 'new'
          : differences.length > 0
            ? 'changed'
            : 'same'
    const head = `${paint.strong(safeText(name.padEnd(width)))}  ${effectText(job.effect, paint)}  ${safeText(job.summary)}`
    return [
      `  ${mark(change, paint)} ${head}`,
      `    ${' '.repeat(width)}  ${paint.dim(jobBounds(job).map(safeText).join('; '))}`,
      ...differences.map((text) => `    ${' '.repeat(width)}  ${paint.warn(safeText(text))}`),
    ]
  })
  return [
    ...lines,
    ...gone.map(
      (name) => `  ${mark('gone', paint)} ${safeText(name.padEnd(width))}  no longer there`,
    ),
  ]
}

function jobBounds({ limits, resources }: JobManifest): string[] {
  const { perMinute, timeoutMs, maxOutputBytes } = limits
  const all = Object.entries(resources)
  const named = all.filter(([name, field]) => name === field).map(([name]) => name)
  const renamed = all.filter(([name, field]) => name !== field)
  return [
    `at most ${counted(perMinute, 'time')} a minute, ${span(timeoutMs)} each, ${size(maxOutputBytes)} of result`,
    ...(named.length === 1 ? [`its own ${named[0]} is its parameter`] : []),
    ...(named.length > 1 ? [`its own ${listText(named)} are its parameters`] : []),
    ...renamed.map(([name, field]) => `its own ${name} is parameter ${field}`),
  ]
}

function listText(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function jobDifferences(job: JobManifest, known: JobManifest): string[] {
  const [now, before] = [jobBounds(job), jobBounds(known)]
  return [
    ...(job.effect === known.effect ? [] : [`effect was ${known.effect}`]),
    ...(now.join() === before.join() ? [] : [`was ${before.join('; ')}`]),
  ]
}

/** Rights with all but one thing in common, on one line. */
interface Line extends Omit<ComparedRight, 'job' | 'thing'> {
  readonly jobs: readonly string[]
  readonly things: readonly string[]
}

function rightLines(
  rights: readonly ComparedRight[],
  isNamingJobs: boolean,
  paint: Paint,
): string[] {
  const lines = linesOf(rights).toSorted((a, b) => RANK[a.effect] - RANK[b.effect])
  const places = [...new Set(lines.map(({ on }) => on))].sort()
  return places.flatMap((on) => {
    const here = lines.filter((line) => line.on === on)
    const common = commonLimits(here)
    const head = on === '' ? 'It may' : `It may, on ${safeText(on)}`
    return [
      common === '' ? `${head}:` : `${head} (each ${safeText(common)}):`,
      ...here
        .map((line) => (common === '' ? line : { ...line, limits: '' }))
        .map((line) => lineText(line, isNamingJobs, paint)),
    ]
  })
}

const RANK = { read: 0, change: 1, destroy: 2 } as const

/** Limits that all lines of a place have, said once; none where there are few lines or a line has changed. */
function commonLimits(lines: readonly Line[]): string {
  const [first, ...others] = lines
  const isCommon = others.length > 1 && others.every(({ limits }) => limits === first!.limits)
  return isCommon && lines.every(({ was }) => was === '') ? first!.limits : ''
}

function linesOf(rights: readonly ComparedRight[]): Line[] {
  const perThing = merged(rights, ({ job: _, ...rest }) => JSON.stringify(rest)).map((same) => ({
    ...same[0]!,
    jobs: same.map(({ job }) => job),
  }))
  return merged(perThing, ({ thing: _, job: __, ...rest }) => JSON.stringify(rest)).map((same) => {
    const { thing: _, job: __, ...line } = same[0]!
    return { ...line, things: same.map(({ thing }) => thing) }
  })
}

function merged<T>(rows: readonly T[], keyOf: (row: T) => string): T[][] {
  return [...Map.groupBy(rows, keyOf).values()]
}

function lineText(line: Line, isNamingJobs: boolean, paint: Paint): string {
  const what = safeText(`${line.verb} ${line.things.join(', ')}`)
  const bounds = boundsText(line)
  return [
    `  ${mark(line.change, paint)} ${effectText(line.effect, paint)}  ${line.kind === 'secret' ? paint.bad(what) : what}`,
    ...(bounds === '' ? [] : [`  ${safeText(bounds)}`]),
    ...(line.was === '' ? [] : [`  ${paint.warn(`was: ${safeText(line.was)}`)}`]),
    ...(line.kind === 'secret' ? [`  ${paint.bad('it sees the credential itself')}`] : []),
    ...(isNamingJobs ? [`  ${paint.dim(`(${jobsText(line.jobs)})`)}`] : []),
  ].join('')
}

const MAX_JOBS_NAMED = 4

function jobsText(jobs: readonly string[]): string {
  if (jobs.length <= MAX_JOBS_NAMED) return jobs.map(safeText).join(', ')
  return `${jobs
    .slice(0, MAX_JOBS_NAMED - 1)
    .map(safeText)
    .join(', ')} and ${jobs.length - MAX_JOBS_NAMED + 1} more`
}

function effectText(effect: JobManifest['effect'], paint: Paint): string {
  const padded = effect.padEnd('destroy'.length)
  if (effect === 'read') return padded
  return effect === 'destroy' ? paint.bad(padded) : paint.warn(padded)
}

function mark(change: Change, paint: Paint): string {
  const sign = change === null ? ' ' : MARKS[change]
  return sign === ' ' ? sign : paint.warn(sign)
}

function mayNot(rights: readonly ComparedRight[]): string[] {
  const kinds = new Set<string>(
    rights.filter(({ change }) => change !== 'gone').map(({ kind }) => kind),
  )
  return Object.entries(KIND_WORDS)
    .filter(([kind]) => !kinds.has(kind))
    .map(([, words]) => words)
}

function changeCounts(rights: readonly ComparedRight[]): string[] {
  const words = [
    ['new', 'new (+)'],
    ['changed', 'changed (~)'],
    ['gone', 'gone (-)'],
  ] as const
  const counts = words
    .map(
      ([change, word]) => [rights.filter((right) => right.change === change).length, word] as const,
    )
    .filter(([many]) => many > 0)
  if (counts.length === 0) return []
  const text = counts.map(
    ([many, word]) => `${counted(many, 'permission')} ${many === 1 ? 'is' : 'are'} ${word}`,
  )
  return ['', `${text.join(', ')}.`]
}
