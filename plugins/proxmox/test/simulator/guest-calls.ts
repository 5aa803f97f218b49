// SPDX-License-Identifier: GPL-3.0-or-later
/** A seeded cluster whose time stands still until it is told to pass, and calls of its behaviours without HTTP. */
import { behaviours } from '../../src/simulator/behaviours/index.ts'
import { type Call, PveError } from '../../src/simulator/contract.ts'
import { makeWorld } from '../../src/simulator/seed.ts'
import { settleTasks, taskStatusOf } from '../../src/simulator/tasks.ts'
import type { PveVersion, SimGuest, World } from '../../src/simulator/world.ts'

/** What a test may decide. */
export interface ClusterOptions {
  readonly version?: PveVersion
  readonly nodes?: number
  readonly guests?: number
}

/** Who calls, and what that caller may not do. */
export interface Caller {
  readonly user?: string
  /** Privileges the caller lacks. */
  readonly lacks?: readonly string[]
}

/** A cluster to call. */
export interface Cluster {
  readonly world: World
  /** Calls an operation; parameters of the path are among `params`. */
  ask(operation: string, params?: Call['params'], caller?: Caller): unknown
  /** Calls an operation on a guest: `POST /status/start`. */
  on(vmid: number, short: string, params?: Call['params'], caller?: Caller): unknown
  /** Calls an operation that starts a task, lets all of its time pass, and gives how it ended with its log. */
  run(
    vmid: number,
    short: string,
    params?: Call['params'],
    caller?: Caller,
  ): { end: string | undefined; log: string[]; type: string }
  guest(vmid: number): SimGuest
  /** Lets time pass. Units: simulated seconds. */
  pass(seconds: number): void
}

/** Opens a cluster of three nodes with the guests of the seed. */
export function openCluster(options: ClusterOptions = {}): Cluster {
  let nowMs = Date.UTC(2026, 5, 1, 12)
  const world = makeWorld({
    version: options.version ?? '9.2',
    nodes: options.nodes ?? 3,
    guests: options.guests ?? 8,
    seed: 7,
    clock: () => nowMs,
    secondMs: 1000,
  })
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1000
      settleTasks(world)
    }
  }
  const guest = (vmid: number) => {
    const found = world.guests.get(vmid)
    if (found === undefined) throw new Error(`no guest ${vmid}`)
    return found
  }
  const ask: Cluster['ask'] = (operation, params = {}, caller = {}) => {
    const behaviour = behaviours[operation]
    if (behaviour === undefined) throw new Error(`no behaviour for ${operation}`)
    settleTasks(world)
    return behaviour(callOf(world, operation, params, caller))
  }
  const on: Cluster['on'] = (vmid, short, params = {}, caller = {}) => {
    const [method, path = ''] = short.split(' ')
    const { type, node } = guest(vmid)
    return ask(`${method} /nodes/{node}/${type}/{vmid}${path}`, { node, vmid, ...params }, caller)
  }
  const run: Cluster['run'] = (vmid, short, params, caller) => {
    const upid = String(on(vmid, short, params, caller))
    for (let round = 0; round < 400 && taskStatusOf(world, upid)?.status === 'running'; round += 1)
      pass(1)
    const task = world.tasks.get(upid)
    return { end: task?.exitStatus, log: task?.log ?? [], type: task?.type ?? upid }
  }
  return { world, ask, on, run, guest, pass }
}

/** The text and status with which a call is refused; undefined when it is not. */
export function refusalOf(call: () => unknown): { status: number; message: string } | undefined {
  try {
    call()
  } catch (error) {
    if (error instanceof PveError) return { status: error.status, message: error.message }
    throw error
  }
  return undefined
}

function callOf(world: World, operation: string, params: Call['params'], caller: Caller): Call {
  const lacks = new Set(caller.lacks ?? [])
  return {
    world,
    user: caller.user ?? 'root@pam',
    operation,
    params,
    attributes: {},
    may: (_path, ...anyOf) => anyOf.some((privilege) => !lacks.has(privilege)),
    need: (path, ...allOf) => {
      if (allOf.every((privilege) => !lacks.has(privilege))) return
      throw new PveError(403, `Permission check failed (${path}, ${allOf.join(', ')})`)
    },
  }
}
