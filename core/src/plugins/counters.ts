// SPDX-License-Identifier: Apache-2.0
/** Plain numbers of what plugins did since the agent was started. */
import type { HandleEvent, PluginCounters, RunOutcome } from './ports.ts'

/** Names of plugins that are counted apart; what comes later is counted together. */
const MAX_PLUGINS = 64

/** Where plugins beyond the bound are counted. No plugin has such a name. */
const OTHERS = '(others)'

interface Counting {
  readonly runs: Record<RunOutcome['state'], number>
  crashCount: number
  quarantineCount: number
  readonly handleCalls: Record<string, Record<HandleEvent['outcome'], number>>
}

/** Counts. The labels are names of approved plugins and kinds of permission, so they stay few. */
export class Counters {
  readonly #plugins = new Map<string, Counting>()

  /** A run is over. */
  ran(pluginName: string, state: RunOutcome['state']): void {
    this.#of(pluginName).runs[state] += 1
  }

  /** A handle was called. */
  called(pluginName: string, { kind, outcome }: Pick<HandleEvent, 'kind' | 'outcome'>): void {
    const calls = this.#of(pluginName).handleCalls
    calls[kind] ??= { ok: 0, denied: 0, failed: 0 }
    calls[kind][outcome] += 1
  }

  /** A process ended badly. */
  crashed(pluginName: string): void {
    this.#of(pluginName).crashCount += 1
  }

  /** A plugin was put into quarantine. */
  quarantined(pluginName: string): void {
    this.#of(pluginName).quarantineCount += 1
  }

  /** All counts, as they are now. */
  all(): PluginCounters {
    return structuredClone(Object.fromEntries(this.#plugins))
  }

  #of(pluginName: string): Counting {
    const known = this.#plugins.get(pluginName)
    if (known !== undefined) return known
    if (this.#plugins.size >= MAX_PLUGINS && pluginName !== OTHERS) return this.#of(OTHERS)
    const counting = {
      runs: { done: 0, failed: 0, refused: 0 },
      crashCount: 0,
      quarantineCount: 0,
      handleCalls: {},
    }
    this.#plugins.set(pluginName, counting)
    return counting
  }
}
