// SPDX-License-Identifier: Apache-2.0
/** Admission: the ordered checks before a run. */
export { admit } from './admit.ts'
export type { AdmissionPorts, AuthenticJob, Decision, OpenedDelivery } from './admit.ts'
export type { Address } from './check-address.ts'
export { matchBundle, verifyApproval } from './check-approval.ts'
export type { ApprovalPorts, VerifiedApproval } from './check-approval.ts'
export { checkForm } from './check-form.ts'
export { checkLabel } from './check-replay.ts'
export { ADMISSION_LIMITS } from './limits.ts'
export type {
  ApprovalStore,
  ApprovedPlugin,
  HeldPlugin,
  HighWaterClock,
  InputCheck,
  RateStore,
  ReplayStore,
} from './ports.ts'
