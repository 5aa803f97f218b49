// SPDX-License-Identifier: Apache-2.0
/** Which rules of a policy speak of somebody or something by name. */
import { entitiesIn } from './problems.ts'
import type { NamedType } from './problems.ts'
import { NAMESPACE } from './questions.ts'
import { readRules, type PolicyRule } from './rules.ts'

/** Rules that name it, in the order of the text. None where the text cannot be read. */
export function rulesNaming(text: string, kind: NamedType, name: string): PolicyRule[] {
  const type = `${NAMESPACE}::${kind}`
  return readRules(text)
    .rules.filter(({ json }) =>
      entitiesIn(json).some((each) => each.type === type && each.id === name),
    )
    .map(({ name: rule, effect, line, text: own }) => ({ name: rule, effect, line, text: own }))
}
