// SPDX-License-Identifier: Apache-2.0
/** What is on its way at this moment: connections, bodies and answers, each within its bounds. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import type { HubLimits } from '../limits.ts'
import type { Principal } from '../sessions/principals.ts'
import { ByteBudget } from './byte-budget.ts'
import { Connections } from './connections.ts'
import type { LimitCounts } from './limit-counts.ts'
import { hasBody, watchAnswer, watchBody } from './pace.ts'
import type { TrustedProxies } from './source.ts'

/** What traffic is bounded by. */
export interface TrafficParts {
  readonly limits: HubLimits
  readonly proxies: TrustedProxies
  readonly counts: LimitCounts
}

/** A request at the moment its headers are accepted. */
export interface Arrival {
  readonly principal: Principal | undefined
  /** Where it comes from. */
  readonly source: string
  /** The most its route takes. Units: bytes. */
  readonly maxBytes: number
  /** Ends it when its body does not come. */
  readonly cut: () => void
}

/** Bounds the traffic of one hub. */
export class Traffic {
  readonly connections: Connections
  readonly #limits: HubLimits
  readonly #counts: LimitCounts
  readonly #bodies: ByteBudget
  readonly #answers: ByteBudget

  constructor(parts: TrafficParts) {
    this.connections = new Connections(parts)
    this.#limits = parts.limits
    this.#counts = parts.counts
    this.#bodies = new ByteBudget(parts.limits.bodyBytes)
    this.#answers = new ByteBudget(parts.limits.answerBytes)
  }

  /** Watches the connections of a server. */
  watch(server: Server): void {
    this.connections.watch(server)
  }

  /** Makes room for the body of a request, and watches it come. Throws: ERR_BUSY. */
  arrived(request: FastifyRequest, reply: FastifyReply, arrival: Arrival): void {
    const { principal, source, maxBytes, cut } = arrival
    if (principal !== undefined) this.connections.proved(request.raw)
    if (!hasBody(request.raw)) return
    const said = request.raw.headers['content-length']
    const bytes = Math.min(said === undefined ? maxBytes : Number(said), maxBytes)
    const { bodyBytesPerKey, bodyBytesPerSource } = this.#limits
    this.#reserve(this.#bodies, reply, {
      subject: principal?.keyId ?? source,
      bytes,
      mostOfSubject: principal === undefined ? bodyBytesPerSource : bodyBytesPerKey,
    })
    watchBody(request, { limits: this.#limits, isStranger: principal === undefined }, cut)
  }

  /** The whole of a request is there. */
  began(request: FastifyRequest): void {
    this.connections.began(request.raw)
  }

  /** Makes room for an answer, and watches it go. Throws: ERR_BUSY. */
  answers(request: FastifyRequest, reply: FastifyReply, bytes: number): void {
    const { principal } = request
    const subject = principal?.keyId ?? 'strangers'
    const { answerBytesPerKey } = this.#limits
    this.#reserve(this.#answers, reply, { subject, bytes, mostOfSubject: answerBytesPerKey })
  }

  /** An answer begins. */
  answering(reply: FastifyReply): void {
    watchAnswer(reply, this.#limits)
  }

  /** A request is over. */
  ended(request: FastifyRequest): void {
    this.connections.ended(request.raw)
  }

  #reserve(
    budget: ByteBudget,
    reply: FastifyReply,
    reservation: Parameters<ByteBudget['reserve']>[0],
  ): void {
    try {
      const release = budget.reserve(reservation)
      if (reply.raw.closed) release()
      else reply.raw.once('close', release)
    } catch (error) {
      this.#counts.add('bytes', 'key')
      throw error
    }
  }
}
