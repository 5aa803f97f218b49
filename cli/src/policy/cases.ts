// SPDX-License-Identifier: Apache-2.0
/** Cases that a policy shall decide in a certain way, from a file. */
import { readFile } from 'node:fs/promises'
import {
  Instant,
  JobTypeName,
  JsonObject,
  Name,
  describeIssue,
  parseJson,
} from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MAX_BYTES = 1_024 * 1_024

/** One case. */
export const PolicyCase = z.strictObject({
  name: z.string().min(1).max(120),
  /** `operator/ann`, `customer/bakery`, `guest/101`, `schedule/nightly`. */
  principal: z.string().max(80),
  jobType: JobTypeName,
  agent: Name,
  input: JsonObject.default({}),
  step: z.enum(['plan', 'run']).default('run'),
  /** Operators and customers who signed; the principal alone unless given. */
  signers: z.array(z.string().max(80)).max(16).optional(),
  /** When; now unless given. */
  at: Instant.optional(),
  expect: z.enum(['allow', 'deny']),
  /** Name of a rule that must be among those that decided. */
  rule: z.string().max(64).optional(),
})
export type PolicyCase = z.infer<typeof PolicyCase>

const CasesFile = z.strictObject({
  format: z.literal('sallyport-policy-cases-1'),
  cases: z.array(PolicyCase).min(1).max(1_000),
})

/** Reads the file. Throws: ERR_POLICY_CASES. */
export async function readCases(file: string): Promise<PolicyCase[]> {
  try {
    const checked = CasesFile.safeParse(parseJson(await readFile(file), MAX_BYTES))
    if (checked.success) return checked.data.cases
    const { path, why } = describeIssue(checked.error)
    throw notCases(file, `${path || 'root'}: ${why}`)
  } catch (error) {
    if (isCodedError(error) && error.code.startsWith('ERR_JSON_')) {
      throw notCases(file, error.message)
    }
    throw error
  }
}

function notCases(file: string, why: string): Problem {
  return new Problem('ERR_POLICY_CASES', `${file} holds no cases for a policy: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was decided.',
    remedy: 'See docs/policy.md for the form of the file.',
  })
}
