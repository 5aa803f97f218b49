// SPDX-License-Identifier: Apache-2.0
/** Checks values against JSON Schema by interpretation: a manifest is never turned into code. */
import { Validator } from '@cfworker/json-schema'
import { isCodedError } from '@sallyport/sdk'
import { withinTime } from './within-time.ts'

const MAX_PROBLEMS = 8

/** Time to check one input; far more than any honest schema takes, also on a host that is busy. */
const CHECK_MS = 1_000

/**
 * Says what of `input` does not fit `schema`; empty when all fits. Nothing is coerced.
 *
 * Trust: the schema comes from an approved manifest, the input from a verified job. A pattern in it that takes too long
 * counts as a problem.
 * Source: JSON Schema draft 2020-12, "Core" and "Validation".
 */
export function checkAgainstSchema(
  schema: Readonly<Record<string, unknown>>,
  input: unknown,
): string[] {
  try {
    return withinTime(CHECK_MS, () => problemsOf(schema, input))
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'ERR_LIMIT') throw error
    return [`the check against the schema took longer than ${CHECK_MS} ms`]
  }
}

function problemsOf(schema: Readonly<Record<string, unknown>>, input: unknown): string[] {
  const { valid, errors } = new Validator(schema, '2020-12', false).validate(input)
  if (valid) return []
  const leaves = errors.filter((error) => error.keyword !== 'properties')
  return (leaves.length > 0 ? leaves : errors)
    .slice(0, MAX_PROBLEMS)
    .map((error) => `${error.instanceLocation}: ${error.error}`.slice(0, 200))
}
