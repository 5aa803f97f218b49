// SPDX-License-Identifier: Apache-2.0
/** Admission: the ordered checks before a run. */
export { admit } from './admit.ts'
export type { AdmissionPorts, AuthenticJob, Decision, OpenedDelivery } from './admit.ts'
export { admitAsked } from './admit-asked.ts'
export type { AskDecision } from './admit-asked.ts'
export { admitScheduled } from './admit-scheduled.ts'
export type { DueRun } from './admit-scheduled.ts'
export type { Address } from './check-address.ts'
export { openApproval, verifyApproval } from './check-approval.ts'
export type { VerifiedApproval } from './check-approval.ts'
export { MAX_ASK_DEPTH } from './check-asked.ts'
export type { Reach } from './check-asked.ts'
export { verifyCancellation } from './check-cancellation.ts'
export { checkForm } from './check-form.ts'
export { checkIsolation, verifyIsolation } from './check-isolation.ts'
export type { OperatorDocument, SignedPorts } from './check-operator-document.ts'
export { checkPin, verifyPin } from './check-pin.ts'
export type { StandingPin } from './check-pin.ts'
export { checkContent, checkHeld, checkPlugin } from './check-plugin.ts'
export type { ApprovalPorts } from './check-plugin.ts'
export { verifyRelease } from './check-release.ts'
export { checkLabel } from './check-replay.ts'
export { verifyRestoration } from './check-restoration.ts'
export { verifyRevocation } from './check-revocation.ts'
export { checkResumable } from './check-resumable.ts'
export type { Resumable } from './check-resumable.ts'
export { verifySchedule } from './check-schedule.ts'
export type { VerifiedSchedule } from './check-schedule.ts'
export { verifyScheduleOrder } from './check-schedule-order.ts'
export { askPolicyForAll, requesterOf } from './check-policy.ts'
export type { WantedBy } from './check-policy.ts'
export { thingsOf } from './things-of.ts'
export { checkSignatures, countSignatures } from './check-signatures.ts'
export type { Signed } from './check-signatures.ts'
export { checkIsolated, checkStanding } from './check-standing.ts'
export { signedAs } from './document-effect.ts'
export { checkRevoked } from './check-revoked.ts'
export { checkUpgrade } from './check-upgrade.ts'
export { SiteAuthority, chainOf } from './site-authority.ts'
export type { Anchor, AuthorityStore, HeldPolicy, NamedAnchor } from './site-authority.ts'
export { ADMISSION_LIMITS } from './limits.ts'
export type {
  AgentStanding,
  ApprovalStore,
  ApprovedPlugin,
  CancellationStore,
  HeldPlugin,
  HeldRevocation,
  HighWaterClock,
  InputCheck,
  IsolationWord,
  PolicyDecision,
  PolicyPort,
  PolicyRequest,
  QuarantineStore,
  Quarantined,
  RateStore,
  ReplayStore,
  RevocableParts,
  RevocationStore,
} from './ports.ts'
