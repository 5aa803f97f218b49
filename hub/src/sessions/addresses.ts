// SPDX-License-Identifier: Apache-2.0
/** The addresses by which this hub is known. A proof made for another hub is worth nothing here. */
import { isLoopback, parseHubAddress } from '@sallyport/core/transport'
import { CodedError, isCodedError } from '@sallyport/sdk'

/** Addresses of this hub in their one spelling. */
export interface HubAddresses {
  has(address: string): boolean
}

/** Addresses that become known when the hub listens; before that it has none. */
export interface LateAddresses extends HubAddresses {
  settle(addresses: HubAddresses): void
}

/** Host names that mean every interface and so name none. */
const WILDCARDS: readonly string[] = ['0.0.0.0', '[::]']
const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Collects the addresses: the public ones given, and the one the hub listens on.
 *
 * Throws: ERR_HUB_ADDRESS, ERR_PUBLIC_URL when it listens on every interface and no public address is given.
 */
export function makeHubAddresses(listensOn: string, publicUrls: readonly string[]): HubAddresses {
  const url = new URL(listensOn)
  const isEverywhere = WILDCARDS.includes(url.hostname)
  if (isEverywhere && publicUrls.length === 0) {
    throw new CodedError('ERR_PUBLIC_URL', 'a hub on every interface needs --public-url')
  }
  const names = isEverywhere || isLoopback(url.hostname) ? LOOPBACK_NAMES : []
  const own = names.map((name) => `${url.protocol}//${name}:${url.port}`)
  const all = [listensOn, ...own, ...publicUrls].map(spell)
  return { has: (address) => all.includes(spellOrEmpty(address)) }
}

/** Makes a place for addresses that come later. */
export function lateAddresses(): LateAddresses {
  let settled: HubAddresses = { has: () => false }
  return {
    has: (address) => settled.has(address),
    settle(addresses) {
      settled = addresses
    },
  }
}

function spell(address: string): string {
  return parseHubAddress(address, { allowPlainHttp: true })
}

function spellOrEmpty(address: string): string {
  try {
    return spell(address)
  } catch (error) {
    if (isCodedError(error)) return ''
    throw error
  }
}
