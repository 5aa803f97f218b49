// SPDX-License-Identifier: Apache-2.0
/** Which principal may run what where, in Cedar. Agents ask it, the command line checks and explains it; the hub has none of it. */
export { heldPolicy } from './held-policy.ts'
export type { HeldPolicyText } from './held-policy.ts'
export { makePolicy } from './policy.ts'
export type { ReadPolicy } from './policy.ts'
export { findPolicyProblems } from './problems.ts'
export type { NamedType, PolicyWorld } from './problems.ts'
export { MAX_ASKED } from './questions.ts'
export type { PolicyPlace } from './questions.ts'
export type { PolicyProblem, PolicyRule } from './rules.ts'
export { rulesNaming } from './rules-naming.ts'
export { makePolicySchema } from './schema.ts'
export type { PolicySchema } from './schema.ts'
