// SPDX-License-Identifier: Apache-2.0
/** The plugin host of a simulated agent: its plugin changes the world once in a run, and the judge counts. */
import type { PluginHost, RunOutcome, RunRequest } from '@sallyport/core/plugins'
import type { WatchedAgent } from './watched-agent.ts'
import type { Life } from './timeline.ts'
import { note, type World } from './world.ts'

type Ending = { readonly code: string; readonly message: string }

/** Makes the host of one process. */
export function makeSimHost(world: World, agent: WatchedAgent, life: Life): PluginHost {
  const running = new Map<string, (ending: Ending) => void>()
  return {
    run(request) {
      life.expectAlive()
      world.judge.onRun(agent, request)
      return request.resume === undefined
        ? new PluginRun(world, agent, { request, life, running }).outcome
        : look(world, request, life)
    },
    async stop(_digest, why) {
      for (const end of [...running.values()]) end(why)
    },
    forgive: () => undefined,
    counters: () => ({}),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** One run: some time, the effect, some time, its end; and what may come in between. */
class PluginRun {
  readonly outcome: Promise<RunOutcome>
  readonly #world: World
  readonly #request: RunRequest
  #settle: (outcome: RunOutcome) => void = () => undefined
  #isOver = false

  constructor(
    world: World,
    agent: WatchedAgent,
    run: { request: RunRequest; life: Life; running: Map<string, (ending: Ending) => void> },
  ) {
    const { request, life, running } = run
    const { chance, timeline, judge, troubles } = world
    this.#world = world
    this.#request = request
    this.outcome = new Promise((resolve) => (this.#settle = resolve))
    note(world, life.name, `runs ${judge.papers.get(request.jobId)?.name ?? request.jobId}`)
    running.set(request.jobId, (why) => this.#end(failed(why.code, why.message)))
    const stop = (): void => {
      timeline.after(5, () => this.#end(failed('ERR_RUN_CANCELLED', 'the agent stops')), life)
    }
    request.signal.addEventListener('abort', stop, { once: true })
    const [beforeMs, afterMs] = [chance.between(0, 2_000), chance.between(0, 2_000)]
    const fault = chance.happens(troubles.runFails) ? chance.pick(FAULTS) : undefined
    if (fault !== undefined && request.signedPlan !== undefined) {
      timeline.after(beforeMs, () => this.#end(DRIFTED), life)
      return
    }
    timeline.after(beforeMs / 2, () => this.#keep(), life)
    if (fault?.isBefore !== true && request.isPlanOnly !== true) {
      timeline.after(beforeMs, () => this.#effect(agent), life)
    }
    const end = fault ? failed(fault.code, 'a case') : DONE(request)
    timeline.after(beforeMs + afterMs, () => this.#end(end), life)
  }

  /** A process that has ended changes nothing any more; one that falls with the agent does not either. */
  #effect(agent: WatchedAgent): void {
    if (this.#isOver) return
    note(this.#world, agent.name, `effect of ${this.#request.jobId}`)
    this.#world.judge.onEffect(agent, this.#request.jobId)
  }

  #keep(): void {
    if (this.#isOver) return
    try {
      this.#request.onKeep?.({ plan: undefined, value: { n: 1 } })
    } catch (error) {
      this.#end(failed('ERR_KEEP', String(error)))
    }
  }

  #end(outcome: RunOutcome): void {
    this.#isOver = true
    this.#settle(outcome)
  }
}

/** A resumed run looks, and says what it saw. */
function look(world: World, { jobId, signal }: RunRequest, life: Life): Promise<RunOutcome> {
  const { timeline, chance, judge } = world
  note(world, life.name, `looks how ${jobId} ended`)
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(failed('ERR_RUN_CANCELLED', 'the agent stops')))
    timeline.after(
      chance.between(10, 1_500),
      () =>
        resolve(
          judge.hasEffect(jobId)
            ? { state: 'done', output: { n: 1 }, handlesUsed: [] }
            : failed('ERR_NOT_DONE', 'nothing happened', { effect: 'none' }),
        ),
      life,
    )
  })
}

const FAULTS = [
  { code: 'ERR_BY_PLUGIN', isBefore: true },
  { code: 'ERR_BY_PLUGIN', isBefore: false },
  { code: 'ERR_PLUGIN_CRASHED', isBefore: true },
  { code: 'ERR_PLUGIN_CRASHED', isBefore: false },
] as const

/** Planned again, it came out otherwise. */
const DRIFTED: RunOutcome = { state: 'refused', refusal: { reason: 'plan_drifted', details: {} } }

const DONE = ({ input }: RunRequest): RunOutcome => ({
  state: 'done',
  output: { input: input as never },
  handlesUsed: [],
})

function failed(code: string, message: string, details: Record<string, string> = {}): RunOutcome {
  return { state: 'failed', failure: { code, message, details, retryable: false }, handlesUsed: [] }
}
