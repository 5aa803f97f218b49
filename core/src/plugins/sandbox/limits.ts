// SPDX-License-Identifier: Apache-2.0
/** Bounds of a plugin's process. An honest plugin never meets those marked "abuse": the program in the child keeps within. */

/** Bounds of one plugin process. */
export interface ProcessLimits {
  /** Resident memory and swap of the whole process tree. */
  readonly memoryBytes: number
  /** Time from start to a loaded plugin. */
  readonly readyMs: number
  /** Time between looks at memory and processes. */
  readonly watchMs: number
  /** Time a run has to end after its deadline or its cancellation, before its process is killed. */
  readonly graceMs: number
}

/** The bounds unless a program is configured otherwise. */
export const PROCESS_LIMITS: ProcessLimits = {
  memoryBytes: 256 * 1_048_576,
  readyMs: 30_000,
  watchMs: 100,
  graceMs: 1_000,
}

/** Bounds of the message channel and of what a plugin prints. */
export const CHANNEL_LIMITS = {
  /** One message from the plugin; abuse. An output has at most 1 MiB of UTF-8, twice that as UTF-16. */
  maxFrameBytes: 4 * 1_048_576,
  /** Messages in one second; abuse. */
  maxFramesPerSecond: 20_000,
  /** Handle calls that wait for an answer at the same time; abuse. */
  maxOpenCalls: 64,
  /** Handle calls of one run; abuse. */
  maxCalls: 200_000,
  /** Handle calls of one run that were denied; abuse. */
  maxDeniedCalls: 1_000,
  /** Reports of what the walls denied in one run; abuse. */
  maxDenials: 200,
  /** Lines of log and progress of one run; abuse. */
  maxLines: 1_000,
  /** What the process prints on standard error in all; then it is ended. */
  maxStderrBytes: 1_048_576,
  /** What of it is kept. */
  keptStderrBytes: 8_192,
} as const
