// SPDX-License-Identifier: GPL-3.0-or-later
/** Finds the operation at a path. */
import type { Match, Operation } from './types.ts'

/** A parameter that takes the rest of the path: the name of a volume may hold a slash. */
const TAKES_THE_REST = 'volume'

/** A step into paths. */
interface Step {
  readonly literals: Map<string, Step>
  parameter: { readonly name: string; readonly step: Step } | undefined
  readonly methods: Map<string, string>
}

/** The paths of a set of operations. */
export class Routes {
  readonly #root = makeStep()

  constructor(operations: Iterable<Operation>) {
    for (const { method, path, name } of operations) {
      const end = path.split('/').slice(1).reduce(stepInto, this.#root)
      end.methods.set(method, name)
    }
  }

  /** The operation with the values of its path; a literal part goes before a parameter. */
  match(method: string, segments: readonly string[]): Match | undefined {
    const pathParams: Record<string, string> = {}
    const step = find(this.#root, segments, 0, (name, value) => {
      pathParams[name] = value
    })
    const operation = step?.methods.get(method)
    return operation === undefined ? undefined : { operation, pathParams }
  }
}

function makeStep(): Step {
  return { literals: new Map(), parameter: undefined, methods: new Map() }
}

function stepInto(step: Step, part: string): Step {
  const name = /^\{(.*)\}$/.exec(part)?.[1]
  if (name !== undefined) return (step.parameter ??= { name, step: makeStep() }).step
  const next = step.literals.get(part) ?? makeStep()
  step.literals.set(part, next)
  return next
}

function find(
  step: Step,
  segments: readonly string[],
  at: number,
  keep: (name: string, value: string) => void,
): Step | undefined {
  const segment = segments[at]
  if (segment === undefined) return step.methods.size > 0 ? step : undefined
  const literal = step.literals.get(segment)
  const found = literal === undefined ? undefined : find(literal, segments, at + 1, keep)
  if (found !== undefined || step.parameter === undefined || segment === '') return found
  const { name, step: next } = step.parameter
  if (name === TAKES_THE_REST) {
    keep(name, segments.slice(at).join('/'))
    return next
  }
  keep(name, segment)
  return find(next, segments, at + 1, keep)
}
