// SPDX-License-Identifier: Apache-2.0
/**
 * A second evaluator of policies, written from the text of the Cedar language and of docs/policy.md alone, for the part
 * of the language that the differential test generates. It shares no code with the product.
 */

/** Who wants what where, in plain words. */
export interface PlainRequest {
  readonly principal: { readonly kind: string; readonly name: string }
  readonly jobType: string
  readonly effect: string
  readonly guests: readonly string[]
  readonly nodes: readonly string[]
  readonly agent: string
  readonly site: string
  readonly context: Readonly<Record<string, unknown>>
}

/** What it says. */
export interface PlainDecision {
  readonly says: 'allow' | 'deny' | 'broken'
  /** Numbers of the deciding rules, from 1. */
  readonly rules: readonly number[]
}

type Entity = { type: string; id: string }
type Node = readonly [op: string, ...rest: unknown[]]
type Rule = { effect: string; scope: Node[]; conditions: { isWhen: boolean; body: Node }[] }
type World = { vars: Record<string, unknown>; isIn: (a: Entity, b: Entity) => boolean }

const TOKENS = /"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|\d+|::|&&|\|\||==|!=|<=|>=|[^\s]/g
const isEntity = (v: unknown): v is Entity => typeof v === 'object' && v !== null && 'id' in v
class Mistake extends Error {}
const fail = (why: string): never => {
  throw new Mistake(why)
}

/** Decides. */
export function decidePlain(text: string, request: PlainRequest): PlainDecision {
  const rules = parseRules(text)
  const pairs = orNone(request.guests).flatMap((guest) =>
    orNone(request.nodes).map((node) => [guest, node] as const),
  )
  const deciding = new Set<number>()
  for (const [guest, node] of pairs) {
    const one = decideOne(rules, worldOf(request, guest, node))
    if (one.says !== 'allow') return one
    for (const rule of one.rules) deciding.add(rule)
  }
  return { says: 'allow', rules: [...deciding].sort((a, b) => a - b) }
}

function decideOne(rules: readonly Rule[], world: World): PlainDecision {
  const fits = { permit: [] as number[], forbid: [] as number[] }
  let isBroken = false
  rules.forEach((rule, at) => {
    try {
      if (isFit(rule, world)) fits[rule.effect as 'permit' | 'forbid'].push(at + 1)
    } catch (error) {
      if (!(error instanceof Mistake)) throw error
      isBroken = true
    }
  })
  if (isBroken) return { says: 'broken', rules: [] }
  if (fits.forbid.length > 0) return { says: 'deny', rules: fits.forbid }
  return { says: fits.permit.length > 0 ? 'allow' : 'deny', rules: fits.permit }
}

const orNone = (names: readonly string[]): readonly (string | undefined)[] =>
  names.length === 0 ? [undefined] : names

/** What stands in what, bottom up; an action stands in its effect and in its plugin. */
function worldOf(request: PlainRequest, guest?: string, node?: string): World {
  const chain = [
    ...(guest === undefined ? [] : [{ type: 'Guest', id: guest }]),
    ...(node === undefined ? [] : [{ type: 'Node', id: node }]),
    { type: 'Agent', id: request.agent },
    { type: 'Site', id: request.site },
  ]
  const groups = [request.effect, `${request.jobType.split('/')[0]!}/*`]
  const action = { type: 'Action', id: request.jobType }
  const { kind, name } = request.principal
  const at = (entity: Entity): number => chain.findIndex((each) => same(each, entity))
  const isIn = (a: Entity, b: Entity): boolean =>
    same(a, b) ||
    (same(a, action) && b.type === 'Action' && groups.includes(b.id)) ||
    (at(a) >= 0 && at(b) > at(a))
  const principal = { type: kind, id: name }
  const vars = { principal, action, resource: chain[0], context: request.context }
  return { vars, isIn }
}

function isFit({ scope, conditions }: Rule, world: World): boolean {
  if (!scope.every((each) => bool(value(each, world)))) return false
  return conditions.every(({ isWhen, body }) => bool(value(body, world)) === isWhen)
}

function value(node: Node, world: World): unknown {
  const [op, a, b, c] = node as [string, never, never, never]
  const get = (each: Node): unknown => value(each, world)
  switch (op) {
    case 'literal':
      return a
    case 'var':
      return world.vars[a]
    case 'set':
      return (a as Node[]).map(get)
    case '!':
      return !bool(get(a))
    case '&&':
      return bool(get(a)) && bool(get(b))
    case '||':
      return bool(get(a)) || bool(get(b))
    case 'if':
      return bool(get(a)) ? get(b) : get(c)
    case '==':
      return same(get(a), get(b))
    case '!=':
      return !same(get(a), get(b))
    case 'is':
      return entity(get(a)).type === b
    case 'in': {
      const [left, right] = [entity(get(a)), get(b)]
      const all = Array.isArray(right) ? right.map(entity) : [entity(right)]
      return all.some((each) => world.isIn(left, each))
    }
    case 'has':
      return Object.hasOwn(record(get(a)), b)
    case '.': {
      const from = record(get(a))
      return Object.hasOwn(from, b) ? from[b] : fail(`no ${String(b)}`)
    }
    case 'contains': {
      const set = get(a)
      const item = get(b)
      return Array.isArray(set) ? set.some((each) => same(each, item)) : fail('no set')
    }
    default: {
      const [left, right] = [number(get(a)), number(get(b))]
      if (op === '<') return left < right
      if (op === '<=') return left <= right
      return op === '>' ? left > right : left >= right
    }
  }
}

const bool = (v: unknown): boolean => (typeof v === 'boolean' ? v : fail('no boolean'))
const number = (v: unknown): number => (typeof v === 'number' ? v : fail('no number'))
const entity = (v: unknown): Entity => (isEntity(v) ? v : fail('no entity'))
/** An entity has no attributes here, and asking whether it has one is no mistake. */
function record(v: unknown): Record<string, unknown> {
  if (isEntity(v)) return {}
  const isRecord = typeof v === 'object' && v !== null && !Array.isArray(v)
  return isRecord ? (v as Record<string, unknown>) : fail('no record')
}
const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)
function canonical(v: unknown): string {
  if (Array.isArray(v)) return `[${[...new Set(v.map(canonical))].sort().join()}]`
  if (typeof v !== 'object' || v === null) return JSON.stringify(v)
  return `{${Object.entries(v)
    .map(([name, of]) => `${name}:${canonical(of)}`)
    .sort()
    .join()}}`
}

/** Reads the rules of a text, by descent. */
function parseRules(text: string): Rule[] {
  const tokens = text.match(TOKENS) ?? []
  let at = 0
  const peek = (): string => tokens[at] ?? ''
  const take = (expected?: string): string => {
    const token = tokens[at++] ?? ''
    if (expected !== undefined && token !== expected) throw new Error(`${token}, not ${expected}`)
    return token
  }
  const list = (close: string): Node[] => {
    const items: Node[] = []
    while (peek() !== close) {
      items.push(expression())
      if (peek() === ',') take()
    }
    take(close)
    return items
  }
  const path = (first: string): Node => {
    let type = first
    while (peek() === '::') {
      take()
      const next = take()
      if (next.startsWith('"')) return ['literal', { type, id: JSON.parse(next) as string }]
      type = next
    }
    return ['type', type]
  }
  const primary = (): Node => {
    const token = take()
    if (token === '(') {
      const inside = expression()
      take(')')
      return inside
    }
    if (token === '[') return ['set', list(']')]
    if (token === 'true' || token === 'false') return ['literal', token === 'true']
    if (token.startsWith('"')) return ['literal', JSON.parse(token)]
    if (/^\d/.test(token)) return ['literal', Number(token)]
    return peek() === '::' ? path(token) : ['var', token]
  }
  const member = (): Node => {
    let left = primary()
    while (peek() === '.') {
      take()
      const name = take()
      if (name === 'contains' && peek() === '(') {
        take()
        left = ['contains', left, list(')')[0]]
      } else left = ['.', left, name]
    }
    return left
  }
  const unary = (): Node => (peek() === '!' ? (take(), ['!', unary()]) : member())
  const relation = (): Node => {
    const left = unary()
    const op = peek()
    if (op === 'has') return (take(), ['has', left, take()])
    if (op === 'is') return (take(), ['is', left, path(take())[1]])
    return ['==', '!=', '<', '<=', '>', '>=', 'in'].includes(op)
      ? (take(), [op, left, unary()])
      : left
  }
  const chain = (op: string, next: () => Node): Node => {
    let left = next()
    while (peek() === op) left = (take(), [op, left, next()])
    return left
  }
  const either = (): Node => chain('||', () => chain('&&', relation))
  function expression(): Node {
    if (peek() !== 'if') return either()
    take()
    const condition = expression()
    take('then')
    const yes = expression()
    take('else')
    return ['if', condition, yes, expression()]
  }
  const rules: Rule[] = []
  while (at < tokens.length) {
    const effect = take()
    take('(')
    const scope = list(')').filter(([op]) => op !== 'var')
    const conditions: Rule['conditions'] = []
    while (peek() !== ';') {
      const isWhen = take() === 'when'
      take('{')
      conditions.push({ isWhen, body: expression() })
      take('}')
    }
    take(';')
    rules.push({ effect, scope, conditions })
  }
  return rules
}
