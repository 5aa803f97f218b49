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
  Sealer,
} from './ports.ts'
export { NO_PINS } from './binding-pins.ts'
export type { BindingPins, PinnedName } from './binding-pins.ts'
export { Runner } from './runner.ts'
export type { RunnerLog, RunnerPorts } from './runner.ts'
export type { BundleSource } from './taker.ts'
