// SPDX-License-Identifier: Apache-2.0
/** Tells when an order has come so far, from what is seen of it. */
import type { Step } from './ambush.ts'
import type { Happening, History } from './history.ts'

const STEPS: readonly Step[] = ['sent', 'accepted', 'delivered', 'answered']

/** The steps of all orders of a run. */
export class Steps {
  readonly #numbers = new Map<string, number>()
  readonly #passed = new Map<string, PromiseWithResolvers<void>>()

  constructor(history: History) {
    history.listen((happening) => this.#hear(happening))
  }

  /** Resolves when an order is known to have come so far, or has come to its end before. */
  passed(order: number, step: Step): Promise<void> {
    return this.#place(order, step).promise
  }

  #hear(happening: Happening): void {
    if (happening.kind === 'ordered') {
      this.#numbers.set(happening.jobId, happening.order.number)
      this.#pass(happening.order.number, 'sent')
      return
    }
    const step = stepIn(happening)
    if (step === undefined || !('jobId' in happening)) return
    const number = this.#numbers.get(happening.jobId)
    if (number !== undefined) this.#pass(number, step)
  }

  /** Why those before too: one may be over before anybody looks. */
  #pass(order: number, last: Step): void {
    for (const step of STEPS.slice(0, STEPS.indexOf(last) + 1)) this.#place(order, step).resolve()
  }

  #place(order: number, step: Step): PromiseWithResolvers<void> {
    const name = `${order} ${step}`
    const place = this.#passed.get(name) ?? Promise.withResolvers<void>()
    this.#passed.set(name, place)
    return place
  }
}

function stepIn(happening: Happening): Step | undefined {
  if (happening.kind === 'submitted') {
    return happening.outcome === 'refused' ? 'answered' : 'accepted'
  }
  if (happening.kind !== 'seen') return undefined
  if (happening.state === 'delivered') return 'delivered'
  return happening.state === 'queued' ? undefined : 'answered'
}
