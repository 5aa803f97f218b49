// SPDX-License-Identifier: Apache-2.0
/** The documents besides jobs that an agent takes, and what takes each. None of them waits for a slot. */
import { documents } from '../protocol/index.ts'
import { takeApproval } from './approvals.ts'
import { takeCancellation } from './cancellations.ts'
import { takeIsolation } from './isolations.ts'
import { takePin } from './pins.ts'
import { takeRelease } from './releases.ts'
import { takeRestoration } from './restorations.ts'
import { takeRevocation } from './revocations.ts'
import { takeSchedule, takeScheduleOrder } from './schedules.ts'
import { takePolicy, takeTrustRoot } from './site-documents.ts'
import type { Taker } from './taker.ts'

/** Takers by payload type. Trust: the type is unsigned here; each taker verifies it with the rest. */
export const TAKERS: ReadonlyMap<string, Taker> = new Map([
  [documents.approval.payloadType, takeApproval],
  [documents.revocation.payloadType, takeRevocation],
  [documents.quarantineRelease.payloadType, takeRelease],
  [documents.pin.payloadType, takePin],
  [documents.schedule.payloadType, takeSchedule],
  [documents.scheduleOrder.payloadType, takeScheduleOrder],
  [documents.cancellation.payloadType, takeCancellation],
  [documents.isolation.payloadType, takeIsolation],
  [documents.hubRestoration.payloadType, takeRestoration],
  [documents.trustRoot.payloadType, takeTrustRoot],
  [documents.policy.payloadType, takePolicy],
])
