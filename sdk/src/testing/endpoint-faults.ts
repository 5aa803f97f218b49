// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with the routes of an `endpoint` permission that compiles. */
import { fieldScopeFaults } from '../constraints.ts'
import type { EndpointScope, FieldScope, RouteScope } from '../permission.ts'
import { HANDLE_NAME } from '../plugin.ts'
import { parseRoute, resourcesOfRoute } from '../route.ts'
import { piecesOf } from '../segment.ts'

/** Faults of an endpoint in sentences. `resources` are the names that the job type declares. */
export function endpointFaults(scope: EndpointScope, resources: readonly string[]): string[] {
  const isBound = HANDLE_NAME.test(scope.binding)
  if (!Array.isArray(scope.routes) || scope.routes.length === 0) return ['it names no route']
  return [
    ...(isBound ? [] : [`the binding "${scope.binding}" must match ${HANDLE_NAME}`]),
    ...scope.routes.flatMap((route) => routeFaults(route, resources)),
  ]
}

function routeFaults(scope: RouteScope, resources: readonly string[]): string[] {
  try {
    const route = parseRoute(scope.route)
    const pieces = route.segments.flatMap(piecesOf)
    const star = pieces.some((piece) => 'literal' in piece && piece.literal.includes('*'))
    const named = [...resourcesOfRoute(route), ...resourcesOfFields(scope)]
    return [
      ...(star ? [`in "${scope.route}" a * stands for itself; write {name}`] : []),
      ...named
        .filter((name) => !resources.includes(name))
        .map((name) => `"${scope.route}" is bound to the resource ${name}, which the job lacks`),
      ...[scope.query, scope.body].flatMap((fields) => (fields ? fieldScopeFaults(fields) : [])),
    ]
  } catch (error) {
    return [(error as Error).message]
  }
}

function resourcesOfFields({ query, body }: RouteScope): string[] {
  const constraints = (scope: FieldScope | undefined) => Object.values(scope?.fields ?? {})
  return [...constraints(query), ...constraints(body)].flatMap((constraint) =>
    'resource' in constraint ? [constraint.resource] : [],
  )
}
