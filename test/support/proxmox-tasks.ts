// SPDX-License-Identifier: Apache-2.0
/** A hand on the tasks of a simulated cluster: held, let go, made to fail or to talk much. */
import { setTimeout as delay } from 'node:timers/promises'
import type { World } from '@sallyport/plugin-proxmox/testing'
import { patient } from './patience.ts'
import type { Site } from './proxmox-field.ts'

/** A task of a simulated cluster. */
export type SimTask = World['tasks'] extends Map<string, infer Task> ? Task : never

/** Does something to the next task that this operation starts; resolves with the task. */
export function nextTask(
  { pve: { simulator } }: Site,
  operation: string,
  shape: (task: SimTask) => void,
): Promise<SimTask> {
  let isShaped = false
  return new Promise((resolve) => {
    simulator.observe((exchange) => {
      if (isShaped || exchange.operation !== operation || !exchange.hasEffect) return
      isShaped = true
      const task = simulator.world.tasks.get(String(exchange.data))!
      shape(task)
      resolve(task)
    })
  })
}

/** The step it is at never ends. */
export function hold(task: SimTask): void {
  task.stepEndsAtMs = Number.POSITIVE_INFINITY
}

/** It goes on. */
export function letGo(task: SimTask): void {
  task.stepEndsAtMs = 0
}

/** A part of its work more, before all others. */
export function addStep(step: Omit<SimTask['steps'][number], 'seconds'>): (task: SimTask) => void {
  return (task) => void task.steps.unshift({ seconds: 0, ...step })
}

/** Waits until somebody looks at the task, from now on. */
export async function seen({ pve: { ledger } }: Site, { upid }: SimTask): Promise<void> {
  const isLook = ({ operation, params }: (typeof ledger)[number]): boolean =>
    operation.endsWith('/tasks/{upid}/status') && params['upid'] === upid
  await until(() => ledger.filter(isLook).length, `a look at ${upid}`)
}

/** Waits until a request to this operation came, from now on. */
export async function asked({ pve: { ledger } }: Site, operation: string): Promise<void> {
  await until(() => ledger.filter((entry) => entry.operation === operation).length, operation)
}

/** Requests to an operation from a place in the ledger on: how many, and how many of them happened. */
export function countsOf(
  { pve }: Site,
  operation: string,
  first: number,
): [asked: number, done: number] {
  const entries = pve.ledger.slice(first).filter((entry) => entry.operation === operation)
  return [entries.length, entries.filter(({ hasEffect }) => hasEffect).length]
}

const PATIENCE_MS = 30_000

/** Waits until a count is larger than it is now. */
async function until(count: () => number, what: string): Promise<void> {
  const first = count()
  const endsAtMs = Date.now() + patient(PATIENCE_MS)
  while (count() === first) {
    if (Date.now() > endsAtMs) throw new Error(`not seen: ${what}`)
    await delay(20)
  }
}
