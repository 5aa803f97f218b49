// SPDX-License-Identifier: Apache-2.0
/** Where a request comes from, as far as limits care: an IPv4 address, or the first half of an IPv6 address. */
import { CodedError } from '@sallyport/sdk'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** The peers whose word counts for who is behind them. */
export interface TrustedProxies {
  /** Whether this address is one of them. */
  has(address: string): boolean
}

/** What is known of a request before anything of it is believed. */
export interface Peer {
  /** Address of the other end of the connection; undefined once it is gone. */
  readonly address: string | undefined
  /** Value of `X-Forwarded-For`, all lines of it joined. */
  readonly forwardedFor: string | undefined
}

/** The source of a connection that has no address any more. */
const UNKNOWN = 'unknown'
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const IPV6_GROUPS = 8
const PREFIX_GROUPS = 4

/** Reads the networks that `--trusted-proxy` names. Throws: ERR_USAGE. */
export function parseTrustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const network of networks) addNetwork(list, network)
  return {
    has(address) {
      const plain = plainAddress(address)
      const family = isIP(plain)
      return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

/**
 * The source that a request counts for.
 *
 * Trust: a header is read only when the peer itself is a trusted proxy, from its end backwards, and the first address that
 * is no trusted proxy is the source; whatever stands before it was written by whoever is limited. A header that is not a
 * list of addresses is the proxy's own fault and counts for the proxy.
 */
export function sourceOf({ address, forwardedFor }: Peer, proxies: TrustedProxies): string {
  if (address === undefined) return UNKNOWN
  if (forwardedFor === undefined || !proxies.has(address)) return networkOf(address)
  for (const hop of forwardedFor.split(',').toReversed()) {
    const at = hop.trim()
    if (isIP(at) === 0) return networkOf(address)
    if (!proxies.has(at)) return networkOf(at)
  }
  return networkOf(address)
}

/** The address itself for IPv4, its /64 for IPv6: one customer of a provider has at least that. */
function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  return `${expand(plain).slice(0, PREFIX_GROUPS).join(':')}::/64`
}

function plainAddress(address: string): string {
  const withoutZone = address.split('%', 1)[0] ?? ''
  return MAPPED.exec(withoutZone)?.[1] ?? withoutZone
}

/** All eight groups, without leading zeros. */
function expand(address: string): string[] {
  const [head = '', tail] = hexOnly(address).split('::')
  const left = groupsOf(head)
  const right = groupsOf(tail ?? '')
  const zeros = Array.from({ length: IPV6_GROUPS - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16))
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}

/** Writes a dotted end, as in `64:ff9b::192.0.2.1`, as two groups. */
function hexOnly(address: string): string {
  const end = address.slice(address.lastIndexOf(':') + 1)
  if (!isIPv4(end)) return address
  const [a, b, c, d] = end.split('.').map(Number) as [number, number, number, number]
  const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16))
  return address.slice(0, -end.length) + groups.join(':')
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits, ...rest] = network.split('/')
  const family = isIP(address)
  const most = family === 4 ? 32 : 128
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
  if (family === 0 || rest.length > 0 || length > most) {
    throw new CodedError(
      'ERR_USAGE',
      `--trusted-proxy must be an address or a network, not ${network}`,
    )
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
}
