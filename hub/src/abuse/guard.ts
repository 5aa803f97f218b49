// SPDX-License-Identifier: Apache-2.0
/** Decides before each request whether it is looked at, by where it comes from and by whose it is; and counts what went wrong. */
import { routes } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HubLimits } from '../limits.ts'
import type { Principal } from '../sessions/principals.ts'
import { countsForKey, countsForSource } from './attempts.ts'
import { FamiliarTokens } from './familiar-tokens.ts'
import { Ladder, type Block } from './ladder.ts'
import type { LimitCounts } from './limit-counts.ts'
import type { Quarantines } from './quarantines.ts'
import { classOf, limitOf, type ClassedRoute } from './route-class.ts'
import { sourceOf, type TrustedProxies } from './source.ts'
import type { StepLog } from './step-log.ts'
import type { OpenTallies, Tallies } from './tallies.ts'

/** What the guard is made of. */
export interface GuardParts {
  readonly limits: HubLimits
  readonly openTallies: OpenTallies
  readonly proxies: TrustedProxies
  readonly steps: StepLog
  readonly counts: LimitCounts
  /** Whether a key may open a session at all. */
  readonly isKnown: (keyId: string) => Promise<boolean>
  readonly quarantines: Pick<Quarantines, 'has'>
}

type Charge = 'health' | 'request' | 'session' | 'enrolment' | 'trial'

/** What is kept of a request while it is answered. */
interface Visit {
  readonly source: string
  readonly token: string | undefined
  readonly block: Block | undefined
  charge: Charge | undefined
  /** The key that the request claims to be of. */
  claimedKey: string | undefined
}

const MINUTE_MS = 60_000
/** A session is a challenge and a proof. */
const SESSION_REQUESTS = 2
const TOKEN = /^[A-Za-z]+ ([A-Za-z0-9._~+/-]+=*)$/

/** Guards the routes. */
export class Guard {
  readonly #parts: GuardParts
  readonly #ladder: Ladder
  readonly #requests: Tallies
  readonly #tokens: FamiliarTokens
  readonly #visits = new WeakMap<IncomingMessage, Visit>()
  #penaltyCount = 0

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#ladder = new Ladder(parts.limits, parts.openTallies)
    this.#requests = parts.openTallies({ name: 'requests', windowMs: MINUTE_MS })
    this.#tokens = new FamiliarTokens(parts.limits.trackedSubjects)
  }

  /** The source that a request counts for. */
  sourceOf(request: IncomingMessage): string {
    const { address, forwardedFor } = peerOf(request)
    return sourceOf({ address, forwardedFor }, this.#parts.proxies)
  }

  /**
   * Before anything of a request is believed.
   *
   * Trust: a token that was alive before passes by; whether it still is, is asked next. So an address that floods the hub
   * loses what needs no session, and those behind it that have one go on.
   * Throws: ERR_RATE_LIMITED, ERR_LOCKED_OUT.
   */
  async admitSource(request: IncomingMessage, route: ClassedRoute | undefined): Promise<void> {
    const source = this.sourceOf(request)
    const kind = classOf(route)
    const token = TOKEN.exec(request.headers.authorization ?? '')?.[1]
    const block = kind === 'health' ? undefined : await this.#ladder.blockOf(sourceSubject(source))
    const visit: Visit = { source, token, block, charge: undefined, claimedKey: undefined }
    this.#visits.set(request, visit)
    if (kind === 'health') return this.#charge(visit, 'health')
    if (kind === 'session') return this.#charge(visit, 'session')
    if (kind === 'enrolment' || kind === 'unknown') {
      if (block !== undefined) throw this.#blocked(block, 'source')
      return this.#charge(visit, kind === 'unknown' ? 'request' : kind)
    }
    if (token !== undefined && this.#tokens.has(token)) return
    if (block !== undefined && token === undefined) throw this.#blocked(block, 'source')
    await this.#charge(visit, block === undefined ? 'request' : 'trial')
  }

  /**
   * Before a proof is looked at that claims to be of a key.
   *
   * Why: behind one address there may be many agents, and one of them that lost its key must not keep the others out.
   * Throws: ERR_RATE_LIMITED, ERR_LOCKED_OUT.
   */
  async admitClaim(request: IncomingMessage, keyId: string): Promise<void> {
    const visit = this.#visits.get(request)
    if (visit === undefined) return
    visit.claimedKey = keyId
    const block = await this.#ladder.blockOf(pairSubject(visit.source, keyId))
    if (block !== undefined) throw this.#blocked(block, 'source')
    if (visit.block === undefined) return
    if (!(await this.#parts.isKnown(keyId))) throw this.#blocked(visit.block, 'source')
    await this.#giveBack(visit)
    await this.#charge(visit, 'trial')
  }

  /**
   * When it is known whose request it is.
   *
   * Throws: ERR_QUARANTINED, ERR_LOCKED_OUT, ERR_RATE_LIMITED.
   */
  async admitKnown(
    request: IncomingMessage,
    principal: Principal,
    route: ClassedRoute,
  ): Promise<void> {
    const { limits, quarantines } = this.#parts
    const visit = this.#visits.get(request)
    if (visit !== undefined) {
      await this.#giveBack(visit)
      if (visit.token !== undefined) this.#tokens.add(visit.token)
    }
    const { keyId } = principal
    if (await quarantines.has(keyId)) {
      this.#parts.counts.add('quarantine', 'key')
      throw new CodedError('ERR_QUARANTINED', 'this key is out until an operator lifts it')
    }
    const block = await this.#ladder.blockOf(keySubject(keyId))
    if (block !== undefined) throw this.#blocked(block, 'key')
    const kind = classOf(route)
    if (kind !== 'poll' && kind !== 'read' && kind !== 'write') return
    const { points, leftMs } = await this.#requests.add(`${kind} ${keyId}`, 1)
    if (points > limitOf(limits, principal, kind)) throw this.#tooOften(leftMs, 'key')
  }

  /** When a session was opened or a code redeemed: that address is no guesser. */
  async succeeded(request: IncomingMessage, route: ClassedRoute): Promise<void> {
    const visit = this.#visits.get(request)
    if (visit === undefined) return
    const isSession = route.path === routes.openSession.path
    if (isSession || classOf(route) === 'enrolment') {
      await this.#giveBack(visit, isSession ? SESSION_REQUESTS : 1)
    }
  }

  /** Counts a refusal, and holds back the answer where the ladder says so. */
  async failed(
    request: IncomingMessage,
    principal: Principal | undefined,
    code: string,
  ): Promise<void> {
    const penaltyMs = await (principal === undefined
      ? this.#strangerFailed(request, code)
      : this.#knownFailed(principal, code))
    if (penaltyMs === 0 || this.#penaltyCount >= this.#parts.limits.penaltiesAtOnce) return
    this.#penaltyCount += 1
    await sleep(penaltyMs)
    this.#penaltyCount -= 1
  }

  /** Counts bytes that were no request, and says whether their source is locked out. */
  async failedBytes(address: string | undefined, code: string): Promise<void> {
    // Why: what a proxy lets through that is no HTTP has no sender that could be known.
    if (address === undefined || this.#parts.proxies.has(address)) return
    if (countsForSource(code))
      await this.#climb(sourceOf({ address, forwardedFor: undefined }, this.#parts.proxies))
  }

  /** Forgets what is counted of a key whose quarantine is lifted. */
  async forgive(keyId: string): Promise<void> {
    await this.#ladder.forgive(keySubject(keyId))
  }

  async #knownFailed({ keyId, siteId, role }: Principal, code: string): Promise<number> {
    if (!countsForKey(code)) return 0
    // Why not operators: nobody could lift the last one's.
    const mayBeQuarantined = role === 'agent' || role === 'customer'
    const climb = await this.#ladder.climb({ subject: keySubject(keyId), mayBeQuarantined })
    if (climb.step !== undefined) {
      await this.#parts.steps.note({
        step: climb.step,
        count: climb.count,
        key: { keyId, siteId, role },
      })
    }
    return climb.penaltyMs
  }

  async #strangerFailed(request: IncomingMessage, code: string): Promise<number> {
    if (!countsForSource(code)) return 0
    const visit = this.#visits.get(request)
    if (visit === undefined) return this.#climb(this.sourceOf(request))
    const { source, token, claimedKey } = visit
    // A session that has ended is no attempt at anything.
    if (code === 'ERR_SESSION' && token !== undefined && this.#tokens.has(token)) return 0
    if (claimedKey === undefined) return this.#climb(source)
    const subject = pairSubject(source, claimedKey)
    const pair = await this.#ladder.climb({ subject, mayBeQuarantined: false })
    if (pair.count > this.#parts.limits.attemptsPerPair) return pair.penaltyMs
    return Math.max(pair.penaltyMs, await this.#climb(source))
  }

  async #climb(source: string): Promise<number> {
    const subject = sourceSubject(source)
    const { step, count, penaltyMs } = await this.#ladder.climb({
      subject,
      mayBeQuarantined: false,
    })
    if (step !== undefined) await this.#parts.steps.note({ step, count, source })
    return penaltyMs
  }

  async #charge(visit: Visit, charge: Charge): Promise<void> {
    visit.charge = charge
    const { points, leftMs } = await this.#requests.add(`${charge} ${visit.source}`, 1)
    if (points > chargeLimit(this.#parts.limits, charge)) throw this.#tooOften(leftMs, 'source')
  }

  #blocked({ reason, leftMs }: Block, of: 'key' | 'source'): CodedError {
    this.#parts.counts.add('blocked', of)
    const message =
      reason === 'locked-out' ? 'too many invalid attempts' : 'another attempt comes too soon'
    return new CodedError('ERR_LOCKED_OUT', message, { details: { retryAfterMs: leftMs } })
  }

  #tooOften(leftMs: number, of: 'key' | 'source'): CodedError {
    this.#parts.counts.add('rate', of)
    const details = { retryAfterMs: leftMs }
    return new CodedError('ERR_RATE_LIMITED', 'too many requests', { details })
  }

  async #giveBack(visit: Visit, points = 1): Promise<void> {
    if (visit.charge === undefined) return
    await this.#requests.add(`${visit.charge} ${visit.source}`, -points)
    visit.charge = undefined
  }
}

function chargeLimit(limits: HubLimits, charge: Charge): number {
  if (charge === 'health') return limits.healthPerSource
  if (charge === 'request') return limits.requestsPerSource
  if (charge === 'session') return limits.sessionsPerSource
  return charge === 'enrolment' ? limits.enrolmentsPerSource : limits.trialsPerSource
}

function peerOf({ socket, headers }: IncomingMessage) {
  const lines = headers['x-forwarded-for']
  const forwardedFor = Array.isArray(lines) ? lines.join(',') : lines
  return { address: socket.remoteAddress, forwardedFor }
}

function sourceSubject(source: string): string {
  return `source ${source}`
}

function keySubject(keyId: string): string {
  return `key ${keyId}`
}

function pairSubject(source: string, keyId: string): string {
  return `pair ${source} ${keyId}`
}
