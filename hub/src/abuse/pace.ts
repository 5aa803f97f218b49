// SPDX-License-Identifier: Apache-2.0
/** Cuts connections on which a body or an answer has begun and stands still. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { HubLimits } from '../limits.ts'

/** The times of a connection. */
export type PaceLimits = Pick<HubLimits, 'stallMs' | 'silenceMs' | 'strangerBodyMs'>

/** Whether a body is announced. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Watches the body of a request until it has come.
 *
 * Why two times: nobody is kept from sending a bundle slowly who is known; whoever is not has a few kilobytes to send.
 */
export function watchBody(
  request: FastifyRequest,
  { limits, isStranger }: { limits: PaceLimits; isStranger: boolean },
  cut: () => void,
): void {
  const { raw } = request
  if (!hasBody(raw)) return
  raw.socket.setTimeout(limits.stallMs)
  const timer = isStranger ? setTimeout(cut, limits.strangerBodyMs) : undefined
  const done = () => {
    clearTimeout(timer)
    raw.socket.setTimeout(limits.silenceMs)
  }
  raw.once('end', done)
  raw.once('close', () => clearTimeout(timer))
}

/**
 * Watches an answer from its first byte. When the answer is out, the server sets the time of an unused connection.
 *
 * Why it does not cut slow readers: the time begins anew whenever a part of the answer has left.
 */
export function watchAnswer(reply: FastifyReply, limits: PaceLimits): void {
  reply.raw.socket?.setTimeout(limits.stallMs)
}
