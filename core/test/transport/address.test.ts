// SPDX-License-Identifier: Apache-2.0
/** Which addresses a client dials. */
import { describe, expect, it } from '@jest/globals'
import { isLoopback, parseHubAddress } from '@sallyport/core/transport'

describe('the address of a hub', () => {
  it.each([
    ['https://hub.example', 'https://hub.example'],
    ['https://HUB.example:443/', 'https://hub.example'],
    ['https://hub.example:8443/sallyport//', 'https://hub.example:8443/sallyport'],
    ['http://127.0.0.1:8420/', 'http://127.0.0.1:8420'],
    ['http://localhost:8420', 'http://localhost:8420'],
    ['http://[::1]:8420', 'http://[::1]:8420'],
    // URL spells every form of an IPv4 address in the same way.
    ['http://2130706433:1', 'http://127.0.0.1:1'],
  ])('%s is spelt %s', (text, spelling) => {
    expect(parseHubAddress(text)).toBe(spelling)
  })

  it.each([
    'http://hub.example',
    'http://10.0.0.1:8420',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'http://0.0.0.0:8420',
    'ftp://hub.example',
    'file:///etc/passwd',
    'https://user:password@hub.example',
    'https://hub.example?x=1',
    'https://hub.example#x',
    'hub.example:8420',
    '',
  ])('is not %p', (text) => {
    expect(() => parseHubAddress(text)).toThrow(
      expect.objectContaining({ code: 'ERR_HUB_ADDRESS' }),
    )
  })

  it('may be plain http elsewhere when that is said in so many words', () => {
    expect(parseHubAddress('http://10.0.0.1:8420', { allowPlainHttp: true })).toBe(
      'http://10.0.0.1:8420',
    )
  })

  it('does not repeat a password in its error', () => {
    expect(() => parseHubAddress('https://user:hunter2@hub.example')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })

  it('is loopback for all of 127/8', () => {
    expect(isLoopback('127.255.255.254')).toBe(true)
    expect(isLoopback('128.0.0.1')).toBe(false)
  })
})
