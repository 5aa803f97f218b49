// SPDX-License-Identifier: Apache-2.0
/** Matchers that every test has, loaded by Jest before each file: `toRefuse` for decisions, `toThrowCode` for coded errors. */
import { expect } from '@jest/globals'
import type { RefusalReason } from '@sallyport/core/protocol'

interface Verdict {
  pass: boolean
  message(): string
}

/** The `reason` of a refusal, however the value carries it: bare, or as the `refusal` of a decision or an outcome. */
function reasonOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if ('refusal' in value) return reasonOf(value.refusal)
  return 'reason' in value ? value.reason : undefined
}

/** Node's own errors are not `instanceof Error` inside a Jest realm: only the code counts. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function verdict(found: unknown, expected: string, what: string): Verdict {
  const pass = found === expected
  const seen = found === undefined ? `no ${what}` : String(found)
  return {
    pass,
    message: () => `expected ${what} ${pass ? 'not ' : ''}${expected}, got ${seen}`,
  }
}

/** A promise of any realm. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function thrownBy(run: () => unknown): { error: unknown; result?: unknown } {
  try {
    return { error: undefined, result: run() }
  } catch (error) {
    return { error }
  }
}

expect.extend({
  toRefuse(received: unknown, reason: string): Verdict {
    return verdict(reasonOf(received), reason, 'refusal')
  },

  toThrowCode(received: unknown, code: string): Verdict | Promise<Verdict> {
    if (typeof received !== 'function') return verdict(codeOf(received), code, 'code')
    const { error, result } = thrownBy(received as () => unknown)
    if (!isThenable(result)) return verdict(codeOf(error), code, 'code')
    return Promise.resolve(result).then(
      () => verdict(undefined, code, 'code'),
      (reason: unknown) => verdict(codeOf(reason), code, 'code'),
    )
  },
})

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>> {
    /** The decision, outcome or refusal has this reason. */
    toRefuse(reason: RefusalReason): R
    /**
     * A function throws, or a promise (`.rejects`) ends in, an error with this `code`.
     * Given an async function, await the assertion.
     */
    toThrowCode(code: string): R
  }
}
