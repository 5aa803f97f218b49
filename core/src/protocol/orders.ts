// SPDX-License-Identifier: Apache-2.0
/** What operators tell agents besides jobs and plugins: run this again and again, leave that job, take no jobs at all, the hub was restored. */
import { z } from 'zod'
import { forAgents } from './for-agents.ts'
import { Bytes32, Id, Instant, JobTypeName, JsonObject, KeyId, Name } from './primitives.ts'

/** A job that an agent runs by itself at its times. Signed as the job would be. */
export const Schedule = z.strictObject({
  scheduleId: Id,
  ...forAgents,
  name: Name,
  requestedBy: KeyId,
  /** Five fields, or six with seconds in front. */
  cron: z.string().min(9).max(128),
  /** IANA name of the time zone in which the expression is read. */
  timeZone: z.string().min(1).max(64),
  /** Up to so many seconds later, the same for one schedule on one agent. */
  jitterSeconds: z.int().min(0).max(3_600),
  /** After times that nobody was there for: nothing, or one run for all of them. */
  catchUp: z.enum(['skip', 'once']),
  jobType: JobTypeName,
  input: JsonObject,
  issuedAt: Instant,
  notBefore: Instant,
  expiresAt: Instant,
})
export type Schedule = z.infer<typeof Schedule>

/** What shall become of a schedule. The one issued last counts; one that was removed stays so. */
export const ScheduleOrder = z.strictObject({
  orderId: Id,
  ...forAgents,
  scheduleId: Id,
  order: z.enum(['pause', 'resume', 'remove']),
  issuedAt: Instant,
})
export type ScheduleOrder = z.infer<typeof ScheduleOrder>

/** A job shall not run, and if it runs, end. It does not expire. */
export const Cancellation = z.strictObject({
  cancellationId: Id,
  ...forAgents,
  jobId: Id,
  why: z.string().max(512),
  issuedAt: Instant,
})
export type Cancellation = z.infer<typeof Cancellation>

/** An agent shall take no jobs, or take them again. The one issued last counts. */
export const Isolation = z.strictObject({
  isolationId: Id,
  ...forAgents,
  isIsolated: z.boolean(),
  why: z.string().max(512),
  issuedAt: Instant,
})
export type Isolation = z.infer<typeof Isolation>

/** The hub was restored from a backup: its log is this short, and goes on from here. Agents hold it to that. */
export const HubRestoration = z.strictObject({
  restorationId: Id,
  ...forAgents,
  /** The epoch of the hub that an operator confirmed. */
  epoch: z.int().min(2),
  /** Ed25519 key under which the hub witnesses. */
  hubKey: Bytes32,
  /** The head of the hub's own log, signed with that key. Source: C2SP tlog-checkpoint, "Note text". */
  hubHead: z.string().max(2_048),
  issuedAt: Instant,
  expiresAt: Instant,
})
export type HubRestoration = z.infer<typeof HubRestoration>
