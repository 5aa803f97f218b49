// SPDX-License-Identifier: Apache-2.0
/** Holds every exchange with a simulated Proxmox VE against the vendor's schema of its version, where that is at hand. */
import { expect } from '@jest/globals'
import type { Exchange, ProxmoxSimulator, PveVersion } from '@sallyport/plugin-proxmox/testing'
import { oracle } from '../support/oracle.ts'
import { objectFaults, valueFaults, type VendorSchema } from './vendor-check.ts'

interface VendorOperation {
  readonly parameters?: VendorSchema
  readonly returns?: VendorSchema
}

type Paths = Readonly<Record<string, Readonly<Record<string, VendorOperation>>>>

/** What came up while a simulator was watched. */
export interface SchemaWatch {
  /** One line each: the operation, then what is wrong with it. */
  readonly faults: readonly string[]
  /** How many exchanges were held against the schema. */
  readonly exchangeCount: number
  /** Whether the vendor's schema is at hand; without it nothing is ever wrong. */
  readonly isWatching: boolean
  expectNoFaults(): void
}

const VERSIONS: readonly PveVersion[] = ['8.4', '9.1', '9.2']
const read = new Map<PveVersion, Paths | undefined>()

/** Texts of the check of parameters; a behaviour's own refusals are worded otherwise. */
const OF_THE_CHECK =
  /^(invalid format - |type check|property is |missing property|value (may only|must (be at least|have a)|does not match the regex|'.*' does not have a value in))/

function pathsOf(version: PveVersion): Paths | undefined {
  if (!read.has(version)) {
    read.set(version, oracle<{ paths: Paths }>(`pve/pve-api-${version}.json`)?.paths)
  }
  return read.get(version)
}

/** Looks on at all exchanges from now. Without the vendor's schema it sees nothing wrong. */
export function watchSchema(
  simulator: Pick<ProxmoxSimulator, 'observe'>,
  version: PveVersion,
): SchemaWatch {
  const paths = pathsOf(version)
  const faults = new Set<string>()
  let exchangeCount = 0
  if (paths !== undefined) {
    simulator.observe((exchange) => {
      exchangeCount++
      for (const fault of faultsOf(exchange, version)) {
        const line = `${exchange.method} ${exchange.path} ${exchange.status}: ${fault}`
        if (!NAMED_LATER.some((each) => each.test(line))) faults.add(line)
      }
    })
  }
  return {
    get faults() {
      return [...faults]
    },
    get exchangeCount() {
      return exchangeCount
    },
    isWatching: paths !== undefined,
    expectNoFaults: () => expect([...faults]).toEqual([]),
  }
}

/** What 8.4 answered although only later schemas name it. */
const NAMED_LATER: readonly RegExp[] = [
  /^GET \/nodes\/[^/]+\/(qemu|lxc)\/\d+\/config 200: data\.(parent|meta): only in another version$/,
  /^GET \/cluster\/resources 200: data\[\d+\]\.(shared|sdn): only in another version$/,
]

/** What is wrong with one exchange. */
export function faultsOf(exchange: Exchange, version: PveVersion): string[] {
  const { method, path, status, data, errors = {} } = exchange
  const found = findOperation(version, method, path)
  if (found === undefined) return [`no such operation in ${version}`]
  const { operation, pathParams, name } = found
  if (status === 401 || status === 0 || status >= 500)
    return status === 501 ? [`${name} is not served`] : []
  const schema = { properties: {}, ...operation.parameters }
  const wrong = objectFaults(schema, wrapped(schema, { ...exchange.sent, ...pathParams }), '')
  if (status >= 300) {
    const isOverStrict =
      wrong.length === 0 && Object.values(errors).some((text) => OF_THE_CHECK.test(text))
    return isOverStrict ? [`refused what the vendor takes: ${JSON.stringify(errors)}`] : wrong
  }
  return [
    ...wrong,
    ...valueFaults(operation.returns ?? {}, data, 'data', elsewhere(version, method, name)),
  ]
}

/** The schemas that other versions have for the answer. */
function elsewhere(version: PveVersion, method: string, name: string): VendorSchema[] {
  return VERSIONS.filter((each) => each !== version).flatMap(
    (each) => pathsOf(each)?.[name]?.[method]?.returns ?? [],
  )
}

/** The vendor takes a single value for a list of one, and several texts for a list in one text. */
function wrapped(
  { properties = {} }: VendorSchema,
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => {
      const { type, format } = properties[name] ?? {}
      if (type === 'array' && !Array.isArray(value)) return [name, [value]]
      const isList = typeof format === 'string' && format.endsWith('-list')
      return [name, isList && Array.isArray(value) ? value.join(',') : value]
    }),
  )
}

interface Found {
  readonly name: string
  readonly operation: VendorOperation
  readonly pathParams: Readonly<Record<string, string>>
}

function findOperation(version: PveVersion, method: string, path: string): Found | undefined {
  const matching = patternsOf(version).flatMap(({ name, names, expression }) => {
    const match = expression.exec(path)
    if (match === null) return []
    return [
      { name, pathParams: Object.fromEntries(names.map((each, at) => [each, match[at + 1]!])) },
    ]
  })
  const [best] = matching.sort(
    (a, b) => Object.keys(a.pathParams).length - Object.keys(b.pathParams).length,
  )
  const operation = best === undefined ? undefined : pathsOf(version)?.[best.name]?.[method]
  return operation === undefined ? undefined : { ...best!, operation }
}

interface Pattern {
  readonly name: string
  readonly names: readonly string[]
  readonly expression: RegExp
}

const patterns = new Map<PveVersion, readonly Pattern[]>()

function patternsOf(version: PveVersion): readonly Pattern[] {
  const known = patterns.get(version)
  if (known !== undefined) return known
  const all = Object.keys(pathsOf(version) ?? {}).map(patternOf)
  patterns.set(version, all)
  return all
}

/** What matches a path of the schema; a volume may hold slashes. */
function patternOf(name: string): Pattern {
  const names: string[] = []
  const expression = name.replace(/\{([^}]+)\}|[^{]+/g, (text, param: string | undefined) => {
    if (param === undefined) return text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    names.push(param)
    return param === 'volume' ? '(.+)' : '([^/]+)'
  })
  return { name, names, expression: new RegExp(`^${expression}$`) }
}
