// SPDX-License-Identifier: Apache-2.0
/** Answers of a cluster that are lost, late, false or no answers: each change is asked for once, and what is told of it is true. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { FaultRule } from '@sallyport/plugin-proxmox/testing'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import { DIRECT_CHANGES, TASK_CHANGES, type Change } from '../support/proxmox-changes.ts'
import { addSite, runOn, type Site } from '../support/proxmox-field.ts'

const SLOW_MS = 120_000
const scope = new AsyncDisposableStack()
let field: Field
/** Two clusters with an agent each, so that twice as many jobs run at the same time. */
const sites: Site[] = []
const CHANGES = [...TASK_CHANGES, ...DIRECT_CHANGES]
const siteOf = (change: Change): Site => sites[CHANGES.indexOf(change) % 2]!

type Fault = FaultRule['fault']

/** A task that is none of this cluster's. */
const STRANGE = 'UPID:pve1:0000C346:00A0B0C0:68D7279C:aptupdate::root@pam:'

const DONE = 'done, verified; asked 1, happened 1'
const NOT_STARTED = 'failed: ERR_PVE_NOT_STARTED, effect none, can be done again'

/** What goes wrong, one after the other, and what becomes of the job. The fourth asks again for what the third did not get. */
const COURSE: readonly (readonly [name: string, becomes: string, fault?: Fault])[] = [
  ['refused with status 500', 'failed: ERR_PVE_REFUSED; asked 1, happened 0', status(500)],
  ['the connection is reset afterwards', DONE, { kind: 'reset-after' }],
  [
    'the connection is reset before',
    `${NOT_STARTED}; asked 1, happened 0`,
    { kind: 'reset-before' },
  ],
  ['the same again', DONE],
  ['no answer, and it is done', DONE, { kind: 'hang', isDone: true }],
  [
    'no answer, and it is not done',
    `${NOT_STARTED}; asked 1, happened 0`,
    { kind: 'hang', isDone: false },
  ],
  ['a page of HTML', `${NOT_STARTED}; asked 1, happened 0`, { kind: 'html' }],
  ['a late answer', DONE, { kind: 'delay', delayMs: 700 }],
]

function status(code: number): Fault {
  return { kind: 'status', status: code, message: 'simulated' }
}

/** Every course, each on its own guest, at the same time; an agent runs four jobs at once. */
const courses = new Map<string, Promise<Record<string, string>>>()

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildBundle('faults/plugins/hasty-proxmox.ts')
  for (const name of ['pve1', 'pve2']) {
    sites.push(await addSite(field, scope, { name, bundle, cluster: { version: '9.2' } }))
  }
  for (const change of CHANGES) {
    const told = courseOf(change)
    told.catch(() => undefined)
    courses.set(change.job, told)
  }
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

async function courseOf(change: Change): Promise<Record<string, string>> {
  const told: Record<string, string> = {}
  let input: Record<string, unknown> = {}
  for (const [nth, [name, , fault]] of COURSE.entries()) {
    if (fault !== undefined) input = inputOf(change, nth)
    told[name] = await tell(change, input, fault)
  }
  return told
}

function inputOf(change: Change, nth: number): Record<string, unknown> {
  return change.make(siteOf(change).pve.simulator.world, nth)
}

/** Runs it under a fault; says how it ended, how often it was asked for, and how often it happened. */
async function tell(
  change: Change,
  input: Record<string, unknown>,
  fault?: Fault,
): Promise<string> {
  const { job, operation } = change
  const site = siteOf(change)
  const { simulator, ledger } = site.pve
  if (fault !== undefined) simulator.addFault({ operation, times: 1, fault })
  const asked = () => ledger.filter((entry) => entry.operation === operation)
  const before = asked().length
  const { state, verification, failure, refusal } = await runOn(field, site, job, input)
  const requests = asked().slice(before)
  const happened = requests.filter(({ hasEffect }) => hasEffect).length
  const { code, details = {}, retryable } = failure ?? {}
  const effect = details['effect'] === undefined ? '' : `, effect ${String(details['effect'])}`
  const ended =
    state === 'done'
      ? `done, ${verification?.verdict}`
      : `${state}: ${code ?? refusal?.reason}${effect}${retryable === true ? ', can be done again' : ''}`
  return `${ended}; asked ${requests.length}, happened ${happened}`
}

describe.each(CHANGES)('$job', (change) => {
  it(
    'is asked for once, whatever the answer is, and its result says what happened',
    async () => {
      const becomes = Object.fromEntries(COURSE.map(([name, ended]) => [name, ended]))
      expect(await courses.get(change.job)).toEqual(becomes)
    },
    SLOW_MS,
  )
})

/** Why waited for: a fault is for whoever asks next. */
const coursesAreOver = async (): Promise<void> => {
  await Promise.allSettled(courses.values())
}

describe('a node that is gone', () => {
  beforeAll(coursesAreOver, SLOW_MS)

  it(
    'is told by statuses of their own',
    async () => {
      const changes = CHANGES.slice(0, 5)
      const codes = [595, 596, 597, 598, 599]
      const told = await Promise.all(
        changes.map((change, at) => tell(change, inputOf(change, 70), status(codes[at]!))),
      )
      expect(told).toEqual(codes.map(() => `${NOT_STARTED}; asked 1, happened 0`))
    },
    SLOW_MS,
  )
})

describe('a job that is told of another task', () => {
  beforeAll(coursesAreOver, SLOW_MS)

  it.each(TASK_CHANGES)(
    '$job fails, and never follows it',
    async (change) => {
      const input = inputOf(change, 80)
      const told = await tell(change, input, { kind: 'other-upid', upid: STRANGE })
      const code = change.misled ?? 'ERR_PVE_UPID'
      expect(told).toBe(`failed: ${code}, effect unknown; asked 1, happened 1`)
    },
    SLOW_MS,
  )

  it.each([
    [90, 'on another node', (own: string) => own.replace('UPID:pve1', 'UPID:pve2')],
    [91, 'about another guest', (own: string) => own.replace(':100:', ':101:')],
    [92, 'of another type', (own: string) => own.replace('qmsnapshot', 'qmrollback')],
    [93, 'that was there before', (own: string) => own],
    [94, 'that is a path', () => 'UPID:pve1:../../../../access/users'],
    [95, 'that is no task', () => 'done'],
  ])(
    'fails when it is one (%i) %s',
    async (nth, _, spoil) => {
      const [, change] = TASK_CHANGES as [Change, Change]
      const { simulator, ledger } = siteOf(change).pve
      const tasks = [...simulator.world.tasks.values()]
      const own = tasks.find(({ type, id }) => type === 'qmsnapshot' && id === '100')!.upid
      const first = ledger.length
      const input = inputOf(change, nth)
      const upid = spoil(own)
      const told = await tell(change, input, { kind: 'other-upid', upid })
      expect(told).toBe('failed: ERR_PVE_UPID, effect unknown; asked 1, happened 1')
      const followed = ledger.slice(first).filter(({ path }) => path.includes('/tasks/'))
      expect(followed).toEqual([])
    },
    SLOW_MS,
  )

  it('never asked for the strange task', () => {
    const paths = sites.flatMap(({ pve }) => pve.ledger.map(({ path }) => path))
    expect(paths.filter((path) => path.includes(STRANGE))).toEqual([])
  })
})

it('every exchange is as the vendor’s schema has it', () => {
  for (const { schema } of sites) schema.expectNoFaults()
})
