// SPDX-License-Identifier: Apache-2.0
/** The Cedar evaluator: the only importer of it, and what of it is used. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type {
  Context,
  DetailedError,
  EntityJson,
  PolicyJson,
  SchemaJson,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs'

export type { Context, EntityJson, PolicyJson, SchemaJson, TypeAndId }

/** Something Cedar has to say about a text, with bytes from its beginning. */
export interface CedarComplaint {
  readonly message: string
  readonly hint: string | null
  readonly startByte: number
}

/** What Cedar is asked. */
export interface CedarQuestion {
  readonly principal: TypeAndId
  readonly action: TypeAndId
  readonly resource: TypeAndId
  readonly context: Context
  readonly entities: EntityJson[]
}

/** What Cedar answers: who decided, and who could not be evaluated. */
export interface CedarAnswer {
  readonly isAllowed: boolean
  readonly reasons: readonly string[]
  readonly errors: readonly { readonly rule: string | undefined; readonly message: string }[]
}

/** What is wrong with the form of a whole policy. */
export function complaintsAbout(text: string): CedarComplaint[] {
  const answer = cedar.checkParsePolicySet({ staticPolicies: text })
  return answer.type === 'success' ? [] : answer.errors.flatMap(complaintsOf)
}

/** One statement as data; undefined when it is not exactly one rule. */
export function readStatement(text: string): PolicyJson | undefined {
  const answer = cedar.policyToJson(text)
  return answer.type === 'success' ? answer.json : undefined
}

/** Makes rules ready to be asked under a name. Returns what is wrong with them. */
export function prepare(name: string, rules: Readonly<Record<string, string>>): CedarComplaint[] {
  const answer = cedar.preparsePolicySet(name, { staticPolicies: rules })
  return answer.type === 'success' ? [] : answer.errors.flatMap(complaintsOf)
}

/** Asks the rules that were prepared under a name. */
export function askPrepared(name: string, question: CedarQuestion): CedarAnswer {
  const answer = cedar.statefulIsAuthorized({ ...question, preparsedPolicySetId: name })
  if (answer.type === 'failure') {
    const errors = answer.errors.map(({ message }) => ({ rule: undefined, message }))
    return { isAllowed: false, reasons: [], errors }
  }
  const { decision, diagnostics } = answer.response
  const errors = diagnostics.errors.map(({ policyId, error }) => ({
    rule: policyId,
    message: error.message,
  }))
  return { isAllowed: decision === 'allow', reasons: diagnostics.reason, errors }
}

/** A complaint about one rule. */
export interface RuleComplaint extends CedarComplaint {
  readonly rule: string
  readonly isError: boolean
}

/** Holds rules against a schema. Throws: Error when the schema itself is none. */
export function validateRules(
  rules: Readonly<Record<string, string>>,
  schema: SchemaJson<string>,
): RuleComplaint[] {
  const answer = cedar.validate({ schema, policies: { staticPolicies: rules } })
  if (answer.type === 'failure') {
    throw new Error(answer.errors.map(({ message }) => message).join('; '))
  }
  const errors = answer.validationErrors.map((each) => ({ ...each, isError: true }))
  const warnings = answer.validationWarnings.map((each) => ({ ...each, isError: false }))
  return [...errors, ...warnings].flatMap(({ policyId, error, isError }) =>
    complaintsOf(error).map((complaint) => ({ ...complaint, rule: policyId, isError })),
  )
}

function complaintsOf(error: DetailedError): CedarComplaint[] {
  const startByte = error.sourceLocations?.[0]?.start ?? 0
  // Cedar says which text or rule it means before what it says; callers say that in their own words.
  const message = error.message
    .replace(/^failed to parse polic(?:ies|y)[^:]* from string: /, '')
    .replace(/^for policy `[^`]*`, /, '')
  const own = { message, hint: error.help, startByte }
  return [own, ...(error.related ?? []).flatMap(complaintsOf)]
}
