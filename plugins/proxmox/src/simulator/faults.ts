// SPDX-License-Identifier: GPL-3.0-or-later
/** The faults that were put into the way of requests. */
import type { FaultRule } from './contract.ts'

/** A fault by itself. */
export type Fault = FaultRule['fault']

/** How many rules are kept; the oldest go first. */
const MAX_RULES = 1000

/** Rules and how often they still apply. */
export interface Faults {
  add(rule: FaultRule): void
  clear(): void
  /** The fault for a request to this operation; using it counts. */
  take(operation: string): Fault | undefined
}

/** Keeps rules in the order in which they came. */
export function openFaults(): Faults {
  let rules: { readonly rule: FaultRule; left: number }[] = []
  return {
    add: (rule) => {
      rules = [
        ...rules.slice(1 - MAX_RULES),
        { rule, left: rule.times ?? Number.POSITIVE_INFINITY },
      ]
    },
    clear: () => {
      rules = []
    },
    take: (operation) => {
      const found = rules.find(
        ({ rule, left }) => left > 0 && (rule.operation === '*' || rule.operation === operation),
      )
      if (found === undefined) return undefined
      found.left -= 1
      rules = rules.filter(({ left }) => left > 0)
      return found.rule.fault
    },
  }
}
