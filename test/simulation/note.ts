// SPDX-License-Identifier: Apache-2.0
/** One line of a trace, at the simulated time. */
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** Writes down what happened. */
export function note(
  { trace, timeline }: { readonly trace: Trace; readonly timeline: Timeline },
  who: string,
  what: string,
): void {
  trace.note(timeline.nowMs, who, what)
}
