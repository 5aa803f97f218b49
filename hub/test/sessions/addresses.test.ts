// SPDX-License-Identifier: Apache-2.0
/** Which addresses a hub answers to. */
import { describe, expect, it } from '@jest/globals'
import { makeHubAddresses } from '../../src/sessions/addresses.ts'

describe('addresses of a hub', () => {
  it('are the one it listens on and its other names on loopback', () => {
    const addresses = makeHubAddresses('http://127.0.0.1:8420', [])
    expect(addresses.has('http://127.0.0.1:8420')).toBe(true)
    expect(addresses.has('http://localhost:8420/')).toBe(true)
    expect(addresses.has('http://[::1]:8420')).toBe(true)
  })

  it.each([
    'http://127.0.0.1:8421',
    'https://127.0.0.1:8420',
    'http://127.0.0.1:8420/path',
    'http://hub.example:8420',
    'http://user@127.0.0.1:8420',
    'not an address',
    '',
  ])('are not %p', (address) => {
    expect(makeHubAddresses('http://127.0.0.1:8420', []).has(address)).toBe(false)
  })

  it('are the public ones too, in any spelling', () => {
    const addresses = makeHubAddresses('http://0.0.0.0:8420', ['https://Hub.example:443/sp/'])
    expect(addresses.has('https://hub.example/sp')).toBe(true)
    expect(addresses.has('https://hub.example')).toBe(false)
  })

  it('must be named when it listens on every interface', () => {
    expect(() => makeHubAddresses('http://0.0.0.0:8420', [])).toThrow(/--public-url/)
    expect(() => makeHubAddresses('http://[::]:8420', [])).toThrow(/--public-url/)
  })
})
