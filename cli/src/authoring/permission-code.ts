// SPDX-License-Identifier: Apache-2.0
/** A permission as its author writes it: the line to paste into `permissions`. */
import { endpoint, exec, files, state } from '@sallyport/sdk'
import type { ArgumentShape, Permission, RouteScope } from '@sallyport/sdk'

/** The code of a permission; limits stand there only where they are not those of the constructor. */
export function permissionCode(permission: Permission): string {
  switch (permission.kind) {
    case 'files.read':
      return `files.read(${permission.paths.map(quote).join(', ')})`
    case 'files.write':
      return call(
        'files.write',
        [list(permission.paths.map(quote))],
        limitsOf(permission, files.write([])),
      )
    case 'exec': {
      const args = list(permission.args.map(argumentCode))
      return call('exec', [quote(permission.program), args], limitsOf(permission, exec('', [])))
    }
    case 'state':
      return call('state', [], limitsOf(permission, state()))
    case 'endpoint': {
      const routes = list(permission.routes.map(routeCode))
      return call(
        'endpoint',
        [quote(permission.binding), routes],
        limitsOf(permission, endpoint('', [])),
      )
    }
    case 'ask': {
      const more = permission.where === 'here' ? [] : [`{ where: ${quote(permission.where)} }`]
      return `ask(${[list(permission.jobTypes.map(quote)), ...more].join(', ')})`
    }
    case 'connect':
    case 'secret':
    case 'ssh':
      return `${permission.kind}(${quote(permission.binding)})`
  }
}

function call(name: string, args: readonly string[], limits: readonly string[]): string {
  const last = limits.length === 0 ? [] : [`{ ${limits.join(', ')} }`]
  return `${name}(${[...args, ...last].join(', ')})`
}

/** The limits of a permission that differ from those of another of its kind. */
function limitsOf(permission: Permission, usual: Permission): string[] {
  return Object.entries(permission).flatMap(([name, value]) => {
    const isUsual = value === (usual as unknown as Record<string, unknown>)[name]
    return typeof value !== 'number' || isUsual ? [] : [`${name}: ${number(value)}`]
  })
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}

function argumentCode(shape: ArgumentShape): string {
  return typeof shape === 'string' ? quote(shape) : `{ pattern: ${quote(shape.pattern)} }`
}

function routeCode({ route, query, body }: RouteScope): string {
  if (query === undefined && body === undefined) return quote(route)
  const others = (query ?? body)!.others
  const parts = [
    ...(query === undefined ? [] : [`query: ${plain(query.fields)}`]),
    ...(body === undefined ? [] : [`body: ${plain(body.fields)}`]),
    ...(others === 'allowed' ? [] : [`others: ${quote(others)}`]),
  ]
  return `route(${quote(route)}, { ${parts.join(', ')} })`
}

function plain(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return list(value.map(plain))
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).map(([name, member]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
    return `${key}: ${plain(member)}`
  })
  return `{ ${members.join(', ')} }`
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}

function quote(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
  return `'${escaped.replaceAll("'", String.raw`\'`)}'`
}
