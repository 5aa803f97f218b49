// SPDX-License-Identifier: Apache-2.0
/** One entry of the audit log: what happened, when, to which job. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import {
  Bytes16,
  Id,
  Instant,
  JsonObject,
  encodeJson,
  instantOf,
  parseJson,
} from '../protocol/index.ts'
import { DETAIL_BOUNDS, cutMark, plainDetails } from './details.ts'

/** Size of an entry; longer details are cut. */
export const MAX_ENTRY_BYTES = 8_192

/** Everything an agent records, in the past tense. */
export const AUDIT_EVENTS = [
  'agent.enrolled',
  'agent.served',
  'agent.started',
  'agent.stopped',
  'agent.unserved',
  'approval.accepted',
  'approval.refused',
  'ask.admitted',
  'ask.finished',
  'ask.refused',
  'audit.rotated',
  'audit.set-back',
  'audit.torn',
  'binding.locked',
  'binding.pinned',
  'bindings.changed',
  'cancellation.accepted',
  'cancellation.refused',
  'clock.anomaly',
  'epoch.begun',
  'handle.denied',
  'handle.used',
  'hub.believed',
  'hub.doubted',
  'isolation.accepted',
  'isolation.refused',
  'job.admitted',
  'job.planned',
  'job.refused',
  'job.refused-often',
  'pin.refused',
  'plugin.crashed',
  'plugin.quarantined',
  'plugin.released',
  'plugin.started',
  'plugin.stopped',
  'policy.accepted',
  'policy.refused',
  'release.refused',
  'restoration.refused',
  'result.acknowledged',
  'revocation.accepted',
  'revocation.refused',
  'run.failed',
  'run.finished',
  'run.interrupted',
  'run.resumed',
  'run.started',
  'sandbox.denied',
  'schedule.accepted',
  'schedule.due',
  'schedule.ordered',
  'schedule.refused',
  'schedule.skipped',
  'trust.accepted',
  'trust.refused',
] as const

/** The name of an event. */
export type AuditEvent = (typeof AUDIT_EVENTS)[number]

/** An entry as it is hashed: canonical JSON of exactly these members. */
export const AuditEntry = z.strictObject({
  /** Position in the log, from 0, without gaps. */
  index: z.int().min(0),
  /** The agent's clock; it may go backwards, the index does not. */
  at: Instant,
  event: z.enum(AUDIT_EVENTS),
  jobId: Id.optional(),
  /** The hub's label of the delivery. Not evidence. */
  envelopeId: Id.optional(),
  /** What it is about: `guest/101`, `node/pve1`. A customer is shown the entries about what is theirs. */
  about: z.array(z.string().max(80)).max(64).optional(),
  details: JsonObject,
  /** 16 random bytes, base64url. Why: whoever has the hash of an entry, as a hub has, could guess what happened. */
  salt: Bytes16.optional(),
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** What a caller gives; the log adds index and time. */
export interface AuditEventInput {
  readonly event: AuditEvent
  readonly jobId?: string
  readonly envelopeId?: string
  readonly about?: readonly string[]
  /** Loggable. Anything that is not JSON is recorded as it prints. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Makes the bytes of an entry.
 *
 * Shape: at most 8 KiB. Details that do not fit are shortened and get a member `cut` with their full size and digest.
 * Throws: ERR_AUDIT_EVENT when the event or an id is none.
 */
export function encodeAuditEntry(
  index: number,
  atMs: number,
  input: AuditEventInput,
  salt?: string,
): Uint8Array {
  const { event, jobId, envelopeId, about } = input
  const full = plainDetails(input.details, DETAIL_BOUNDS.full)
  const head = { index, at: instantOf(atMs), event, jobId, envelopeId, about, salt }
  const checked = AuditEntry.safeParse({ ...head, details: {} })
  if (!checked.success) throw new CodedError('ERR_AUDIT_EVENT', 'this cannot be an audit entry')
  const whole = encodeJson({ ...head, details: full })
  if (whole.byteLength <= MAX_ENTRY_BYTES) return whole
  const cut = cutMark(full)
  const short = { ...plainDetails(input.details, DETAIL_BOUNDS.short), cut }
  const shortened = encodeJson({ ...head, details: short })
  if (shortened.byteLength <= MAX_ENTRY_BYTES) return shortened
  return encodeJson({ ...head, details: { cut } })
}

/** Reads the bytes of an entry. Throws: ERR_JSON_…, ERR_AUDIT_ENTRY_FORM. */
export function parseAuditEntry(bytes: Uint8Array): AuditEntry {
  const parsed = AuditEntry.safeParse(parseJson(bytes, MAX_ENTRY_BYTES))
  if (parsed.success) return parsed.data
  throw new CodedError('ERR_AUDIT_ENTRY_FORM', 'these bytes are not an audit entry')
}
