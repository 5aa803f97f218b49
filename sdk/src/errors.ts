// SPDX-License-Identifier: Apache-2.0
/** The one error base of the project, the failure a job may end in, and values that never print. */

/** An error with a stable `code`, safe to log: `details` holds no secret. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: Code,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.details = options.details ?? {}
  }
}

/**
 * Thrown by a job that ran and ended badly; reaches the operator as the job's failure.
 *
 * @example
 * throw new JobFailed('ERR_SENSORS_NONE', 'this host has no sensors', { retryable: false })
 */
export class JobFailed extends CodedError {
  readonly retryable: boolean

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(code, message, options)
    this.name = 'JobFailed'
    this.retryable = options.retryable ?? false
  }
}

/**
 * A value that must not be printed: every way of turning it into text yields `[secret]`.
 *
 * @example
 * const token = new Secret('s3cr3t')
 * String(token) // '[secret]'
 */
export class Secret<T = string> {
  static {
    const inspect = Symbol.for('nodejs.util.inspect.custom')
    Object.defineProperty(this.prototype, inspect, { value: () => '[secret]' })
  }

  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself. Only handles may call this; a lint rule forbids it elsewhere. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}

/** Whether a caught value carries a stable string `code`; compares shape, so two copies of this package agree. */
export function isCodedError(error: unknown): error is { code: string; message: string } {
  if (typeof error !== 'object' || error === null) return false
  return 'code' in error && typeof error.code === 'string' && 'message' in error
}
