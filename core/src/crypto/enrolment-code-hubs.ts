// SPDX-License-Identifier: Apache-2.0
/** Addresses of a hub in as few bytes as can be, because people type them as digits of an enrolment code. */

/** Addresses in one code. */
const MAX_HUBS = 4

/** What begins an address. Zero is the end. */
const HOST_KIND = 0b11
const IPV4 = 1
const IPV6 = 2
const NAME = 3
const PLAIN_HTTP = 0b100
const HAS_PORT = 0b1000
const HAS_PATH = 0b1_0000

/** Letters of host names; three of them and gaps at the end take two bytes. */
const LETTERS = '-.0123456789_abcdefghijklmnopqrstuvwxyz'
const BASE = LETTERS.length + 1
const MAX_TEXT = 255
/** Bytes that may follow the end. */
const MAX_SPARE = 4

/** Writes base addresses, four at most. Throws: RangeError for what is no http or https address. */
export function encodeHubs(hubs: readonly string[]): Uint8Array {
  if (hubs.length > MAX_HUBS) throw new RangeError('at most four addresses fit')
  return Buffer.concat(hubs.map(encodeHub))
}

/** Reads them again; undefined when the bytes are not exactly what was written, with zeros up to a whole unit. */
export function decodeHubs(bytes: Uint8Array): string[] | undefined {
  try {
    const hubs: string[] = []
    const reader = new Reader(bytes)
    while (reader.left > 0 && reader.peek() !== 0) hubs.push(decodeHub(reader))
    const spare = reader.left <= MAX_SPARE ? new Uint8Array(reader.left) : new Uint8Array()
    return Buffer.concat([encodeHubs(hubs), spare]).equals(bytes) ? hubs : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function encodeHub(hub: string): Uint8Array {
  const url = URL.parse(hub)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RangeError('the address must be http or https')
  const [kind, host] = encodeHost(url.hostname)
  const path = url.pathname.replace(/\/+$/, '')
  if (path.length > MAX_TEXT) throw new RangeError('the path of the address is too long')
  const port = Number(url.port)
  const head =
    kind |
    (url.protocol === 'http:' ? PLAIN_HTTP : 0) |
    (port === 0 ? 0 : HAS_PORT) |
    (path === '' ? 0 : HAS_PATH)
  return Buffer.concat(
    [
      Uint8Array.of(head),
      host,
      port === 0 ? [] : [port >> 8, port & 255],
      path === '' ? [] : [path.length, ...Buffer.from(path, 'latin1')],
    ].map((part) => Uint8Array.from(part)),
  )
}

function decodeHub(reader: Reader): string {
  const head = reader.byte()
  if (head > (HAS_PATH | HAS_PORT | PLAIN_HTTP | HOST_KIND)) throw new RangeError('unknown bits')
  const scheme = (head & PLAIN_HTTP) === 0 ? 'https' : 'http'
  const host = decodeHost(head & HOST_KIND, reader)
  const port = (head & HAS_PORT) === 0 ? '' : `:${(reader.byte() << 8) | reader.byte()}`
  const path = (head & HAS_PATH) === 0 ? '' : reader.text(reader.byte())
  const url = URL.parse(`${scheme}://${host}${port}${path}`)
  if (url === null) throw new RangeError('not an address')
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function encodeHost(host: string): [kind: number, bytes: Uint8Array] {
  if (host.startsWith('[')) return [IPV6, ipv6Bytes(host.slice(1, -1))]
  if (/^[0-9]+(\.[0-9]+){3}$/.test(host))
    return [IPV4, Uint8Array.from(host.split('.').map(Number))]
  if (host.length === 0 || host.length > MAX_TEXT) throw new RangeError('not a host name')
  const triples = host.match(/.{1,3}/g)!.map((each) => tripleOf(each))
  const bytes = triples.flatMap((triple) => [triple >> 8, triple & 255])
  return [NAME, Uint8Array.of(host.length, ...bytes)]
}

function decodeHost(kind: number, reader: Reader): string {
  if (kind === IPV4) return reader.take(4).join('.')
  if (kind === IPV6)
    return `[${Buffer.from(reader.take(16)).toString('hex').match(/.{4}/g)!.join(':')}]`
  if (kind !== NAME) throw new RangeError('no kind of host')
  const length = reader.byte()
  let host = ''
  while (host.length < length)
    host += textOf((reader.byte() << 8) | reader.byte(), length - host.length)
  return host
}

function tripleOf(letters: string): number {
  return [0, 1, 2].reduce((value, at) => {
    const digit = at < letters.length ? LETTERS.indexOf(letters[at]!) + 1 : 0
    if (at < letters.length && digit === 0) throw new RangeError('not a host name')
    return value * BASE + digit
  }, 0)
}

function textOf(triple: number, left: number): string {
  const digits = [Math.floor(triple / BASE / BASE), Math.floor(triple / BASE) % BASE, triple % BASE]
  return digits
    .slice(0, left)
    .map((digit) => LETTERS[digit - 1] ?? '')
    .join('')
    .padEnd(Math.min(left, 3), '!')
}

/** Eight groups, of which the longest row of zeros may be written as two colons. */
function ipv6Bytes(text: string): Uint8Array {
  const [before = '', after] = text.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))
  const [first, last] = [groupsOf(before), groupsOf(after ?? '')]
  const zeros = new Array<string>(8 - first.length - last.length).fill('0')
  const groups = after === undefined ? first : [...first, ...zeros, ...last]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** Bytes read from the first to the last. */
class Reader {
  readonly #bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  peek(): number {
    return this.#bytes[this.at]!
  }

  byte(): number {
    return this.take(1)[0]!
  }

  /** Throws: RangeError when fewer are left. */
  take(count: number): Uint8Array {
    if (count > this.left) throw new RangeError('the bytes end')
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }

  text(length: number): string {
    return Buffer.from(this.take(length)).toString('latin1')
  }
}
