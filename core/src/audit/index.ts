// SPDX-License-Identifier: Apache-2.0
/** The audit log: entries under signed checkpoints, proofs of single entries, verification of the whole. */
export { MAX_ABOUT, aboutInput, aboutResources } from './about.ts'
export type { AuditFault } from './alteration.ts'
export {
  auditOrigin,
  epochIn,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts'
export type { Checkpoint, CheckpointVerdict } from './checkpoint.ts'
export { HUB_ORIGIN, cosignCheckpoint, verifyCosignature } from './cosignature.ts'
export type { CosignatureVerdict } from './cosignature.ts'
export { openCopy } from './copy.ts'
export type { AuditCopy, CopiedEntry, CopyFault, CopyReader, CopyReport } from './copy.ts'
export { AUDIT_EVENTS, AuditEntry, MAX_ENTRY_BYTES, parseAuditEntry } from './entry.ts'
export type { AuditEvent, AuditEventInput } from './entry.ts'
export { AuditLog } from './log.ts'
export type { GrowthProof } from './log.ts'
export {
  consistencyPath,
  inclusionPath,
  rangesOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle-proof.ts'
export type { ConsistencyClaim, InclusionClaim, RangeHash } from './merkle-proof.ts'
export { nodesCompletedBy, nodesOf, rootOfNodes } from './merkle-nodes.ts'
export type { TreeNode } from './merkle-nodes.ts'
export { HASH_BYTES, MerkleFrontier, leafHash, nodeHash, rootOf } from './merkle.ts'
export type {
  AuditAppend,
  AuditReader,
  AuditRow,
  AuditStore,
  CheckpointRow,
  EpochRow,
  RotatingStore,
  WitnessRow,
  WitnessStore,
} from './ports.ts'
export { SEGMENT_LIMITS, encodeIndex, encodePart, parsePart, planSegment } from './segment.ts'
export type { ReadersOf, SegmentPart, SegmentPlan } from './segment.ts'
export { noteKeyHash } from './signed-note.ts'
export { DEFAULT_MAX_CHECKPOINTS, verifyAuditLog } from './verify.ts'
export type { AuditVerdict, SetBack, VerifyOptions } from './verify.ts'
export { hubSizeOf, judgeGrowth, judgeOwnHead, judgeWitness } from './witness.ts'
export type { KnownHub, OwnHeadVerdict, WitnessAnswer, WitnessVerdict } from './witness.ts'
