// SPDX-License-Identifier: Apache-2.0
/** What a schedule and an agent make of a due time, the same whoever computes it and however often: an id and a delay. */
import { sha256 } from '../crypto/index.ts'
import { instantOf, type Schedule } from '../protocol/index.ts'

const ID_BYTES = 16
const TIME_BYTES = 6

/**
 * The id of the run of a due time: UUIDv7 of its instant and of SHA-256 over schedule, agent and instant.
 *
 * Why: a due time has one id, so that it runs at most once whatever the clock does. Why the agent too: a schedule may be
 * for several agents, and each has its own runs.
 * Source: RFC 9562, section 5.7.
 */
export function runIdOf(scheduleId: string, agentId: string, dueAtMs: number): string {
  const bytes = hashOf(`${scheduleId}\n${agentId}\n${instantOf(dueAtMs)}`).slice(0, ID_BYTES)
  new DataView(bytes.buffer).setUint16(0, Math.floor(dueAtMs / 2 ** 32))
  new DataView(bytes.buffer).setUint32(2, dueAtMs % 2 ** 32)
  bytes[TIME_BYTES] = 0x70 | (bytes[TIME_BYTES]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  const hex = [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/**
 * How much later than due a schedule runs on an agent.
 *
 * Why not random: after a restart the same time must come out, and two agents must not meet.
 */
export function jitterMsOf(
  { scheduleId, jitterSeconds }: Pick<Schedule, 'scheduleId' | 'jitterSeconds'>,
  agentId: string,
): number {
  const bytes = hashOf(`${scheduleId}\n${agentId}`)
  return (new DataView(bytes.buffer).getUint32(0) % (jitterSeconds + 1)) * 1_000
}

function hashOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sha256(new TextEncoder().encode(text)))
}
