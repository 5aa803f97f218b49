// SPDX-License-Identifier: GPL-3.0-or-later
/** What becomes of requests that a fault is in the way of. */
import { isOfProxy, later, plain, writeOutcome } from './answer.ts'
import type { End } from './answer.ts'
import type { SimAnswer } from './contract.ts'
import type { Fault } from './faults.ts'
import type { World } from './world.ts'

/** Whether nothing is done because of it. */
export function isBefore(fault: Fault): boolean {
  if (fault.kind === 'hang') return !fault.isDone
  return fault.kind === 'status' || fault.kind === 'reset-before' || fault.kind === 'html'
}

/** The end of a request of which nothing is done. */
export function endOfFault(world: World, fault: Fault): End {
  if (fault.kind === 'status') {
    const { status, message = 'simulated fault' } = fault
    const answer = isOfProxy(status)
      ? plain(world, { status, reason: message })
      : writeOutcome(world, 'json', { status, message })
    return { status, message, answer }
  }
  const status = fault.kind === 'html' ? (fault.status ?? 502) : 0
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`
  return { status, answer: plain(world, { status, reason: 'Proxy', body, type: 'text/html' }) }
}

/** What a fault makes of an answer that is ready. */
export function withFault(answer: SimAnswer, fault: Fault | undefined): SimAnswer {
  switch (fault?.kind) {
    case 'reset-after':
    case 'reset-before':
      return { ends: 'reset', delayMs: 0 }
    case 'hang':
      return { ends: 'hang' }
    case 'delay':
      return later(answer, fault.delayMs)
    default:
      return answer
  }
}
