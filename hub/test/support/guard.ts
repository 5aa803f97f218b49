// SPDX-License-Identifier: Apache-2.0
/** A guard of its own for one test, which writes down what it did. */
import { Guard } from '../../src/abuse/guard.ts'
import { LimitCounts } from '../../src/abuse/limit-counts.ts'
import { parseTrustedProxies } from '../../src/abuse/source.ts'
import type { StepNote } from '../../src/abuse/step-log.ts'
import { memoryTallies } from '../../src/abuse/tallies.ts'
import { Traffic } from '../../src/abuse/traffic.ts'
import { HUB_LIMITS, type HubLimits } from '../../src/limits.ts'

/** A guard and what came of it. */
export interface TestGuard {
  readonly guard: Guard
  readonly traffic: Traffic
  readonly limits: HubLimits
  readonly notes: StepNote[]
  readonly counts: LimitCounts
  /** Keys that are out. */
  readonly out: Set<string>
}

/** Opens one. `known` are the keys that may open a session. */
export function openGuard(
  changes: Partial<HubLimits> = {},
  { known = [], proxies = [] }: { known?: readonly string[]; proxies?: readonly string[] } = {},
): TestGuard {
  const limits = { ...HUB_LIMITS, ...changes }
  const notes: StepNote[] = []
  const counts = new LimitCounts()
  const out = new Set<string>()
  const shared = { limits, counts, proxies: parseTrustedProxies(proxies) }
  const guard = new Guard({
    ...shared,
    openTallies: memoryTallies(limits.trackedSubjects),
    steps: { note: async (note) => void notes.push(note) },
    isKnown: async (keyId) => known.includes(keyId),
    quarantines: { has: async (keyId) => out.has(keyId) },
  })
  return { guard, traffic: new Traffic(shared), limits, notes, counts, out }
}
