// SPDX-License-Identifier: GPL-3.0-or-later
/** Tasks take the time of their steps, end as they should, and leave nothing locked. */
import { describe, expect, it } from '@jest/globals'
import { makeWorld } from '../../src/simulator/seed.ts'
import {
  loseTasksOf,
  MAX_TASKS,
  settleTasks,
  startTask,
  stopTask,
  taskStatusOf,
} from '../../src/simulator/tasks.ts'
import type { SimTaskStep, World } from '../../src/simulator/world.ts'

const UPID = /^UPID:pve1:([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):qmstart:100:root@pam!lab:$/

function clocked(): { world: World; pass: (seconds: number) => void } {
  let nowMs = Date.UTC(2026, 5, 1, 12)
  const world = makeWorld({
    version: '9.2',
    nodes: 2,
    guests: 2,
    seed: 1,
    clock: () => nowMs,
    secondMs: 1000,
  })
  const pass = (seconds: number) => {
    nowMs += seconds * 1000
    settleTasks(world)
  }
  return { world, pass }
}

const start = (world: World, steps: SimTaskStep[], onFailure?: () => void) =>
  startTask(world, {
    node: 'pve1',
    type: 'qmstart',
    id: '100',
    user: 'root@pam!lab',
    steps,
    ...(onFailure === undefined ? {} : { onFailure }),
  })

describe('a task', () => {
  it('has a UPID that says node, numbers, type, id and user', () => {
    const { world } = clocked()
    const upid = start(world, [])
    const found = UPID.exec(upid)
    expect(parseInt(found?.[3] ?? '', 16) * 1000).toBe(world.now())
    expect(taskStatusOf(world, upid)).toMatchObject({
      upid,
      user: 'root@pam',
      tokenid: 'lab',
      status: 'running',
    })
  })

  it('does each step when its time is over, not before', () => {
    const { world, pass } = clocked()
    const done: string[] = []
    const step = (seconds: number, name: string) => ({
      seconds,
      log: name,
      effect: () => void done.push(name),
    })
    const upid = start(world, [step(2, 'one'), step(3, 'two')])
    pass(1)
    expect(done).toEqual([])
    pass(1)
    expect(done).toEqual(['one'])
    pass(3)
    expect(world.tasks.get(upid)?.log).toEqual(['one', 'two', 'TASK OK'])
    expect(taskStatusOf(world, upid)).toMatchObject({ status: 'stopped', exitstatus: 'OK' })
  })

  it('does the steps of several tasks in the order of their times, however late one looks', () => {
    const { world, pass } = clocked()
    const done: string[] = []
    const step = (seconds: number, name: string) => ({
      seconds,
      effect: () => void done.push(name),
    })
    start(world, [step(1, 'a1'), step(4, 'a5')])
    start(world, [step(2, 'b2'), step(1, 'b3')])
    pass(60)
    expect(done).toEqual(['a1', 'b2', 'b3', 'a5'])
  })

  it('ends with the number of its warnings', () => {
    const { world, pass } = clocked()
    const upid = start(world, [{ seconds: 1, log: 'no efidisk', warns: true }])
    pass(1)
    expect(world.tasks.get(upid)?.log).toEqual(['WARN: no efidisk', 'TASK WARNINGS: 1'])
    expect(taskStatusOf(world, upid)?.exitstatus).toBe('WARNINGS: 1')
  })

  it.each([
    ['a step that says so', { seconds: 1, fails: 'got timeout' }],
    [
      'an effect that throws',
      {
        seconds: 1,
        effect: () => {
          throw new Error('got timeout')
        },
      },
    ],
  ])('fails with %s, undoes what it began and does no further step', (_, failing) => {
    const { world, pass } = clocked()
    const done: string[] = []
    const upid = start(world, [failing, { seconds: 1, effect: () => void done.push('late') }], () =>
      done.push('undone'),
    )
    pass(10)
    expect(done).toEqual(['undone'])
    expect(world.tasks.get(upid)?.log.at(-1)).toBe('TASK ERROR: got timeout')
    expect(taskStatusOf(world, upid)?.exitstatus).toBe('got timeout')
  })

  it('can be stopped while it runs, and not afterwards', () => {
    const { world, pass } = clocked()
    let undone = 0
    const upid = start(world, [{ seconds: 5 }], () => void (undone += 1))
    stopTask(world, upid)
    stopTask(world, upid)
    pass(10)
    expect(taskStatusOf(world, upid)?.exitstatus).toBe('received interrupt')
    expect(undone).toBe(1)
  })

  it('is lost with its node', () => {
    const { world } = clocked()
    const upid = start(world, [{ seconds: 5 }])
    loseTasksOf(world, 'pve2')
    expect(taskStatusOf(world, upid)?.status).toBe('running')
    loseTasksOf(world, 'pve1')
    expect(taskStatusOf(world, upid)?.exitstatus).toBe('unexpected status')
  })

  it('is forgotten when many came after it, unless it runs', () => {
    const { world, pass } = clocked()
    const running = start(world, [{ seconds: 9e6 }])
    const over = start(world, [])
    pass(1)
    for (let count = 0; count < MAX_TASKS; count += 1) start(world, [])
    expect(world.tasks.has(over)).toBe(false)
    expect(world.tasks.has(running)).toBe(true)
  })
})
