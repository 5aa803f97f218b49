// SPDX-License-Identifier: Apache-2.0
/** The runner: one delivery's way through an agent. */
export type {
  BindingLockRow,
  BundleName,
  Journal,
  KeptRow,
  OutboxRow,
  QuarantineRow,
  ResultChannel,
  RunRow,
  ScheduleBook,
  ScheduleRow,
  SealedReport,
  Sealer,
} from './ports.ts'
export { NO_PINS } from './binding-pins.ts'
export type { AnswerReaders } from './answer-readers.ts'
export type { BindingPins, PinnedName } from './binding-pins.ts'
export type { AuthorityBook } from './authority-book.ts'
export { Runner } from './runner.ts'
export { NO_SCHEDULES, REPORT_LIMITS } from './scheduled-run.ts'
export type { DueTime } from './scheduled-run.ts'
export { Scheduler } from './scheduler.ts'
export type { SchedulerPorts } from './scheduler.ts'
export type { RunnerLog, RunnerPorts } from './runner.ts'
export type { BundleSource } from './taker.ts'
export { Witnessing } from './witnessing.ts'
export type { WitnessChannel, WitnessingPorts } from './witnessing.ts'
export { ROTATION_BOUNDS, rotateLog } from './rotation.ts'
export type { RotationBounds, RotationPorts } from './rotation.ts'
