// SPDX-License-Identifier: Apache-2.0
/** What PostgreSQL's errors mean for whoever asked: gone for a moment, in each other's way, or wrong. */

/** `away`: no answer was had, and what was asked may have happened. `clash`: nothing of it has happened; again. */
export type StoreFault = 'away' | 'clash'

/** Source: PostgreSQL 15, appendix A (error codes). */
const SQL_STATES: ReadonlyMap<string, StoreFault> = new Map([
  ['25006', 'away'], // read-only: a standby, or a primary that became one
  ['25P03', 'away'], // a transaction that stood still for too long
  ['53300', 'away'], // too many connections
  ['57P01', 'away'], // the connection was ended by an administrator, or the database goes down
  ['57P02', 'away'], // another connection crashed, so all were ended
  ['57P03', 'away'], // it starts, or goes down
  ['57P05', 'away'], // an idle connection was ended
  ['40001', 'clash'], // could not be serialized
  ['40P01', 'clash'], // deadlock
  ['55P03', 'clash'], // a lock was not to be had in time
])

/** Codes of Node's sockets. */
const SOCKET_CODES: readonly string[] = [
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_STORE_AWAY',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]

/** What the client says without a code when its connection breaks. */
const BROKEN =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded)/

/** Tells whether asking again can help, and undefined when it cannot. */
export function storeFaultOf(error: unknown): StoreFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string') {
    if (code.startsWith('08') || SOCKET_CODES.includes(code)) return 'away'
    return SQL_STATES.get(code)
  }
  return typeof message === 'string' && BROKEN.test(message) ? 'away' : undefined
}
