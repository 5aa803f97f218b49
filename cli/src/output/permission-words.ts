// SPDX-License-Identifier: Apache-2.0
/** What a plugin may do, in plain words, with what is new since the approval before. */
import type { ArgumentShape, JobManifest, Permission, PluginManifest } from '@sallyport/sdk'
import { describePermission } from '@sallyport/sdk'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'
import { size, span } from './words.ts'

/** One line of what a plugin may do. */
export interface PermissionLine {
  readonly job: string
  readonly handle: string
  readonly text: string
  /** Null when there was no approval to compare with. */
  readonly isNew: boolean | null
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

/** Every permission of a plugin as a line, compared with the manifest that was approved before. */
export function permissionLines(now: PluginManifest, before?: PluginManifest): PermissionLine[] {
  return Object.entries(now.jobs).flatMap(([job, manifest]) => {
    const known = before?.jobs[job]
    return Object.entries(manifest.permissions).map(([handle, permission]) => ({
      job,
      handle,
      text: permissionText(permission),
      isNew: before === undefined ? null : !isSame(permission, known?.permissions[handle]),
    }))
  })
}

/** The screen that an operator reads before approving. */
export function permissionScreen(
  manifest: PluginManifest,
  before: PluginManifest | undefined,
  paint: Paint,
): string {
  const jobs = Object.entries(manifest.jobs).map(([name, job]) =>
    jobText(name, job, { before, paint }),
  )
  const gone = Object.keys(before?.jobs ?? {}).filter((name) => !(name in manifest.jobs))
  return [
    ...jobs,
    ...gone.map((name) => `- ${safeText(name)}  is no longer there`),
    `It may not: ${mayNot(manifest).join(', ')}.`,
  ].join('\n')
}

/** One permission in words. Its texts come from the plugin's author and are escaped. */
export function permissionText(permission: Permission): string {
  switch (permission.kind) {
    case 'files.read':
      return `read files ${permission.paths.map(safeText).join(', ')}`
    case 'exec': {
      const { program, args, timeoutMs, maxOutputBytes } = permission
      const line = [program, ...args.map(argumentText)].map(safeText).join(' ')
      return `run ${line}  (at most ${span(timeoutMs)}, ${size(maxOutputBytes)} of output)`
    }
    case 'ask':
    case 'connect':
    case 'endpoint':
    case 'files.write':
    case 'secret':
    case 'ssh':
      return safeText(describePermission(permission))
    case 'state':
      return `keep up to ${size(permission.maxBytes)} of its own between jobs`
  }
}

function jobText(
  name: string,
  job: JobManifest,
  { before, paint }: { before: PluginManifest | undefined; paint: Paint },
): string {
  const known = before?.jobs[name]
  const mark = before !== undefined && known === undefined ? paint.warn('+') : ' '
  const effect = job.effect === 'read' ? job.effect : paint.warn(job.effect)
  const head = `${mark} ${paint.strong(safeText(name))}  ${effect}  ${safeText(job.summary)}`
  const changed = known !== undefined && known.effect !== job.effect
  const effectLine = changed ? [`  ${paint.warn('+')}   effect was ${known.effect}`] : []
  const limits = `      at most ${job.limits.perMinute} times a minute, ${span(job.limits.timeoutMs)} each`
  const lines = Object.entries(job.permissions).map(([handle, permission]) => {
    const isNew = before !== undefined && !isSame(permission, known?.permissions[handle])
    return `  ${isNew ? paint.warn('+') : ' '}   ${permissionText(permission)}`
  })
  return [head, ...effectLine, ...lines, limits].join('\n')
}

function mayNot(manifest: PluginManifest): string[] {
  const kinds = new Set(
    Object.values(manifest.jobs).flatMap((job) =>
      Object.values(job.permissions).map(({ kind }) => kind),
    ),
  )
  const closed = Object.entries(KIND_WORDS).filter(
    ([kind]) => !kinds.has(kind as Permission['kind']),
  )
  return closed.map(([, words]) => words)
}

function argumentText(argument: ArgumentShape): string {
  return typeof argument === 'string' ? argument : `<anything that matches ${argument.pattern}>`
}

function isSame(a: Permission, b: Permission | undefined): boolean {
  return b !== undefined && sorted(a) === sorted(b)
}

function sorted(value: object): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([x], [y]) => (x < y ? -1 : 1)))
      : each,
  )
}
