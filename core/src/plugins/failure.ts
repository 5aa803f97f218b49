// SPDX-License-Identifier: Apache-2.0
/** Failures of runs: those the agent finds, and those a plugin reports. */
import type { Failure } from '../protocol/index.ts'
import { RUN_ERRORS } from '../protocol/errors/runs.ts'
import { parseJson } from '../protocol/json.ts'

const MAX_DETAILS_BYTES = 32_768

/** Makes a failure that the agent found. */
export function makeFailure(
  code: string,
  message: string,
  options: { details?: Failure['details']; retryable?: boolean } = {},
): Failure {
  const { details = {}, retryable = false } = options
  return { code, message: message.slice(0, 2_048), details, retryable }
}

/**
 * Makes a failure of what a plugin reported.
 *
 * Trust: codes of runs are the agent's to give, so in their place stands ERR_JOB_THREW; details that are no acceptable
 * JSON object are dropped.
 */
export function reportedFailure(report: {
  readonly code: string
  readonly message: string
  readonly details: string
  readonly retryable: boolean
}): Failure {
  const isOwn = /^ERR_[A-Z0-9_]{1,60}$/.test(report.code) && !Object.hasOwn(RUN_ERRORS, report.code)
  return makeFailure(isOwn ? report.code : 'ERR_JOB_THREW', report.message.toWellFormed(), {
    details: parseDetails(report.details),
    retryable: report.retryable,
  })
}

function parseDetails(text: string): Failure['details'] {
  try {
    const details = parseJson(new TextEncoder().encode(text), MAX_DETAILS_BYTES)
    const isObject = typeof details === 'object' && details !== null && !Array.isArray(details)
    return isObject ? (details as Failure['details']) : {}
  } catch {
    return {}
  }
}
