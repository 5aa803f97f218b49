// SPDX-License-Identifier: Apache-2.0
/** Where requests come from: the peer, or who is behind a proxy that is trusted. */
import { describe, expect, it } from '@jest/globals'
import { parseTrustedProxies, sourceOf } from '../../src/abuse/source.ts'

const none = parseTrustedProxies([])
const proxies = parseTrustedProxies(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])
const from = (address: string, forwardedFor?: string, trusted = proxies) =>
  sourceOf({ address, forwardedFor }, trusted)

describe('the source of a request', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('of %s is %s', (address, source) => {
    expect(from(address, undefined, none)).toBe(source)
  })

  it('is the peer, whatever a header says, unless the peer is a trusted proxy', () => {
    expect(from('192.0.2.7', '198.51.100.1')).toBe('192.0.2.7')
    expect(from('127.0.0.1', '198.51.100.1', none)).toBe('127.0.0.1')
  })

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['1.1.1.1,198.51.100.1,::ffff:10.1.2.3', '198.51.100.1'],
    ['2001:db8:9:9::1', '2001:db8:9:9::/64'],
    ['10.9.9.9', '127.0.0.1'],
    ['198.51.100.1, nonsense', '127.0.0.1'],
    ['198.51.100.1:443', '127.0.0.1'],
    ['', '127.0.0.1'],
  ])('behind a trusted proxy that says "%s" is %s', (forwardedFor, source) => {
    expect(from('127.0.0.1', forwardedFor)).toBe(source)
  })

  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '::/129', '10.0.0.0/', ''])(
    'of a network that is written "%s" is refused at the start',
    (network) => {
      expect(() => parseTrustedProxies([network])).toThrowCode('ERR_USAGE')
    },
  )
})
