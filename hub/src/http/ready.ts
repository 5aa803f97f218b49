// SPDX-License-Identifier: Apache-2.0
/** Whether the hub can do its work: its parts say how they stand, balancers and people ask for all of them at once. */
import { routes } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { serve, type RouteHost } from './serve.ts'

/** How a part stands: as it should, less well than it should but at work, or not at all. */
export type PartState = 'ok' | 'degraded' | 'away'

/** A part of the hub that can be away. */
export interface ReadyPart {
  /** Stands in answers, log and metrics: a word of snake case that says nothing of a site. */
  readonly name: string
  /** Whether the hub can serve nobody while this part is away. If not, the hub is only degraded. */
  readonly isNeeded: boolean
  /**
   * Looks at the part, with the least work that shows something.
   *
   * Time: at most once a second; one that throws, or takes over a second, is away.
   */
  readonly look: (signal: AbortSignal) => PartState | Promise<PartState>
}

/** How the hub stands. */
export interface ReadyView {
  /** `away`: a needed part is. */
  readonly status: 'ready' | 'degraded' | 'away'
  /** Every part by its name. */
  readonly parts: Readonly<Record<string, PartState>>
}

/** Units: milliseconds. */
const TIMES = {
  /** What was seen is told again for this long. */
  fresh: 1_000,
  /** A part must answer within this time. */
  patience: 1_000,
  /** How often the hub looks by itself. */
  every: 5_000,
}

/** All parts that can be away. */
export class Readiness {
  readonly #log: Log
  readonly #parts = new Map<string, ReadyPart>()
  readonly #states = new Map<string, PartState>()
  readonly #times: typeof TIMES
  #looking: Promise<ReadyView> | undefined
  #lookedAt = -Infinity

  constructor(log: Log, times: Partial<typeof TIMES> = {}) {
    this.#log = log
    this.#times = { ...TIMES, ...times }
  }

  /** Adds a part, or replaces the one of its name. */
  add(part: ReadyPart): void {
    this.#parts.set(part.name, part)
  }

  /** Looks at all parts, unless somebody just did. */
  look(): Promise<ReadyView> {
    const nowMs = performance.now()
    if (this.#looking !== undefined && nowMs - this.#lookedAt < this.#times.fresh)
      return this.#looking
    this.#lookedAt = nowMs
    this.#looking = this.#lookNow()
    return this.#looking
  }

  /** Looks every few seconds, so that the log says what changed also where nobody asks. */
  watch(): Disposable {
    const timer = setInterval(() => void this.look(), this.#times.every)
    timer.unref()
    return { [Symbol.dispose]: () => clearInterval(timer) }
  }

  async #lookNow(): Promise<ReadyView> {
    const all = [...this.#parts.values()]
    const states = await Promise.all(all.map((part) => this.#lookAt(part)))
    const isAway = all.some((part, index) => part.isNeeded && states[index] === 'away')
    const isWell = states.every((state) => state === 'ok')
    return {
      status: isAway ? 'away' : isWell ? 'ready' : 'degraded',
      parts: Object.fromEntries(all.map(({ name }, index) => [name, states[index]!])),
    }
  }

  async #lookAt(part: ReadyPart): Promise<PartState> {
    const [state, error] = await lookOnce(part, this.#times.patience)
    const before = this.#states.get(part.name) ?? 'ok'
    this.#states.set(part.name, state)
    if (state === before) return state
    const fields = { part: part.name, state, ...(error === undefined ? {} : { error }) }
    if (state === 'ok') this.#log.info(fields, 'part.back')
    else this.#log.warn(fields, 'part.changed')
    return state
  }
}

async function lookOnce(
  { look }: ReadyPart,
  patienceMs: number,
): Promise<[state: PartState, error?: unknown]> {
  const stop = new AbortController()
  const tooLong = sleep(patienceMs, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new CodedError('ERR_DEADLINE', 'it did not answer in time')
  })
  tooLong.catch(() => undefined)
  try {
    return [await Promise.race([look(stop.signal), tooLong])]
  } catch (error) {
    return ['away', error]
  } finally {
    stop.abort()
  }
}

/** Serves `/ready`: 200 while the hub can work, with the names of what is degraded; else 503. */
export function addReady(host: RouteHost, { readiness }: { readiness: Readiness }): void {
  serve(host, routes.ready, {
    async handle() {
      const { status, parts } = await readiness.look()
      if (status !== 'away') return { status, degraded: namesOf(parts, ['degraded', 'away']) }
      const names = namesOf(parts, ['away']).join(', ')
      throw new CodedError('ERR_NOT_READY', `the hub cannot work now; away: ${names}`)
    },
  })
}

function namesOf(parts: ReadyView['parts'], states: readonly PartState[]): string[] {
  return Object.entries(parts).flatMap(([name, state]) => (states.includes(state) ? [name] : []))
}
