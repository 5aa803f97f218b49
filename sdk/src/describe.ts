// SPDX-License-Identifier: Apache-2.0
/** Permissions in words, as operators and readers meet them. */
import type { ArgumentShape, Constraint, FieldScope, Permission, RouteScope } from './permission.ts'

/**
 * Says in one line what a permission allows.
 *
 * @example
 * describePermission(files.read('/proc/uptime')) // 'read files: /proc/uptime'
 */
export function describePermission(permission: Permission): string {
  switch (permission.kind) {
    case 'ask': {
      const where = permission.where === 'here' ? 'this agent' : 'the agent of its host'
      return `ask for job types on ${where}: ${permission.jobTypes.join(', ')}`
    }
    case 'connect':
      return `connect to "${permission.binding}"`
    case 'endpoint':
      return `call "${permission.binding}": ${permission.routes.map(describeRoute).join(', ')}`
    case 'files.read':
      return `read files: ${permission.paths.join(', ')}`
    case 'files.write':
      return `write and remove files: ${permission.paths.join(', ')}`
    case 'secret':
      return `see the secret "${permission.binding}"`
    case 'ssh':
      return `log in by SSH to "${permission.binding}"`
    case 'exec':
      return `run: ${[permission.program, ...permission.args.map(describeArgument)].join(' ')}`
    case 'state':
      return `keep up to ${permission.maxBytes} bytes of its own between jobs`
  }
}

/**
 * Says within which bounds a route may be called: the resources it is bound to, and what its query and body may hold.
 *
 * @example
 * describeBounds({ route: 'GET /guests/{vmid}' }) // ["only the job's own vmid"]
 */
export function describeBounds({ route, query, body }: RouteScope): string[] {
  const bound = [...new Set([...route.matchAll(/\{([^{}:]*)\}/g)].map(([, name]) => name!))]
  return [
    ...(bound.length === 0 ? [] : [`only the job's own ${joined(bound)}`]),
    ...(query === undefined ? [] : [`query: ${describeFields(query)}`]),
    ...(body === undefined ? [] : [`body: ${describeFields(body)}`]),
  ]
}

function describeRoute(scope: RouteScope): string {
  const bounds = describeBounds(scope)
  return bounds.length === 0 ? scope.route : `${scope.route} (${bounds.join('; ')})`
}

function describeFields({ fields, others }: FieldScope): string {
  const known = Object.entries(fields).map(([name, constraint]) => describeField(name, constraint))
  const rest = others === 'allowed' ? 'anything else' : 'nothing else'
  return [...known, rest].join(', ')
}

function describeField(name: string, constraint: Constraint): string {
  if ('forbidden' in constraint) return `no ${name}`
  return `${name} ${describeValue(constraint)}${constraint.required === true ? ' (required)' : ''}`
}

function describeValue(constraint: Exclude<Constraint, { forbidden: true }>): string {
  if ('equals' in constraint) return `is ${JSON.stringify(constraint.equals)}`
  if ('oneOf' in constraint) {
    const values = constraint.oneOf.map((value) => JSON.stringify(value))
    return values.length === 1 ? `is ${values[0]}` : `is one of ${values.join(' ')}`
  }
  if ('pattern' in constraint) return `matches ${constraint.pattern}`
  if ('resource' in constraint) return `is the job's own ${constraint.resource}`
  const { min, max } = constraint as { min?: number; max?: number }
  if (max === undefined) return `is at least ${min}`
  return min === undefined ? `is at most ${max}` : `is from ${min} to ${max}`
}

function joined(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function describeArgument(shape: ArgumentShape): string {
  return typeof shape === 'string' ? shape : `<${shape.pattern}>`
}
