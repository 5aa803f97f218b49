// SPDX-License-Identifier: Apache-2.0
/** Addresses of hubs: which ones may be dialled, and their one spelling. */
import { CodedError } from '@sallyport/sdk'

/**
 * Brings a hub's base address into its one spelling: origin and path, no slash at the end.
 *
 * Trust: plain http is taken for loopback only, unless the caller allows it in so many words.
 * Throws: ERR_HUB_ADDRESS.
 */
export function parseHubAddress(text: string, options: { allowPlainHttp?: boolean } = {}): string {
  const url = URL.parse(text)
  if (url === null) throw refuse('it is no URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('it must be https')
  if (url.username !== '' || url.password !== '') throw refuse('it must not hold credentials')
  if (url.search !== '' || url.hash !== '') throw refuse('it must end with the path')
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && options.allowPlainHttp !== true) {
    throw refuse('plain http is for loopback only; use https')
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** Whether a URL's host name means this machine and no other. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(hostname)
}

function refuse(why: string): CodedError<'ERR_HUB_ADDRESS'> {
  return new CodedError('ERR_HUB_ADDRESS', `the address of the hub is not usable: ${why}`)
}
