// SPDX-License-Identifier: Apache-2.0
/** Sends newcomers away at once while the hub is behind with its work: what it does for them would come too late. */
import { routes } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** How often the hub looks how far it is behind. */
const LOOK_EVERY_MS = 250
/** A look that comes so late says that requests wait as long; so does a newcomer who is served so long. */
const BEHIND_MS = 1_000
/** Why: a machine that stood still for a moment is no reason to send one agent away. */
const CROWD_COUNT = 100
const FIRST_RETRY_MS = 5_000
/** Why not longer: agents wait as much again at random, and the hub would have nothing to do before the last are back. */
const LONGEST_RETRY_MS = 20_000
/** So many can be served in a second by a hub that has a core for itself. */
const SERVED_PER_SECOND = 200

/** Decides on newcomers. Units: milliseconds by a clock that is never set. */
export class Newcomers {
  #lookedAtMs: number
  #cameCount = 0
  #sentAwayCount = 0
  /** Who is served, the longest first. */
  readonly #served = new Set<{ readonly sinceMs: number }>()

  constructor(nowMs: number) {
    this.#lookedAtMs = nowMs
  }

  /** Called every `LOOK_EVERY_MS`, later when the hub is behind. */
  look(nowMs: number): void {
    if (this.#cameCount === 0) this.#sentAwayCount = 0
    this.#lookedAtMs = nowMs
    this.#cameCount = 0
  }

  /**
   * Takes a newcomer, or says when it may come again.
   *
   * Why: agents that all lost the hub at once come back at once. When each waits longer than it has patience, all of the
   * hub's work is for nobody, and that does not end by itself.
   */
  retryAfterMs(nowMs: number): number | undefined {
    this.#cameCount += 1
    const lateMs = nowMs - this.#lookedAtMs - LOOK_EVERY_MS
    const isLate = lateMs >= BEHIND_MS && this.#cameCount >= CROWD_COUNT
    if (!isLate && !this.#hasCrowd(nowMs)) return undefined
    this.#sentAwayCount += 1
    const untilServedMs = (1_000 * this.#sentAwayCount) / SERVED_PER_SECOND
    return Math.min(FIRST_RETRY_MS + untilServedMs, LONGEST_RETRY_MS)
  }

  /** Serves a newcomer, who counts until the work has ended: what nobody waits for any more is work too. */
  async serve<T>(nowMs: number, work: () => Promise<T>): Promise<T> {
    const newcomer = { sinceMs: nowMs }
    this.#served.add(newcomer)
    try {
      return await work()
    } finally {
      this.#served.delete(newcomer)
    }
  }

  /** Why beside the looks: who waits for the database does not hold up the loop. */
  #hasCrowd(nowMs: number): boolean {
    const [longest] = this.#served
    if (longest === undefined || this.#served.size < CROWD_COUNT) return false
    return nowMs - longest.sinceMs >= BEHIND_MS
  }
}

/** Watches the loop, and the routes added from now on, for as long as the server runs. What it throws for newcomers is ERR_BUSY. */
export function watchNewcomers(app: FastifyInstance): void {
  const newcomers = new Newcomers(performance.now())
  const timer = setInterval(() => newcomers.look(performance.now()), LOOK_EVERY_MS)
  app.addHook('onClose', async () => clearInterval(timer))
  app.addHook('onRoute', (route) => {
    if (BEGINNING.includes(route.url)) count(route, newcomers)
  })
  app.addHook('onRequest', async (request) => {
    if (!isNewcomer(request.url)) return
    const retryAfterMs = newcomers.retryAfterMs(performance.now())
    if (retryAfterMs === undefined) return
    throw new CodedError('ERR_BUSY', 'too many come at once', { details: { retryAfterMs } })
  })
}

/** A session is begun by two requests; only the first is ever sent away. */
const BEGINNING: readonly string[] = [routes.askChallenge.path, routes.openSession.path]

function count(route: RouteOptions, newcomers: Newcomers): void {
  const { handler } = route
  route.handler = function (request, reply) {
    return newcomers.serve(performance.now(), async () => handler.call(this, request, reply))
  }
}

/** Whoever begins a session, and an agent that has just lost its poll. */
function isNewcomer(url: string): boolean {
  if (url === routes.askChallenge.path) return true
  return url.startsWith(`${routes.takeDeliveries.path}?`) && /[?&]again=true(&|$)/.test(url)
}
