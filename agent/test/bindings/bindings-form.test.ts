// SPDX-License-Identifier: Apache-2.0
/** Bindings have one exact form; what could weaken a connection has none. */
import { describe, expect, it } from '@jest/globals'
import { encodeJson } from '@sallyport/core/protocol'
import type { Binding } from '@sallyport/core/plugins'
import { Secret } from '@sallyport/sdk'
import { encodeBindings, parseBindings } from '../../src/bindings/bindings-form.ts'
import { CANARY, SAMPLES } from './place.ts'

const endpoint = SAMPLES['pve'] as Extract<Binding, { kind: 'endpoint' }>
const ssh = SAMPLES['nas'] as Extract<Binding, { kind: 'ssh' }>

const encoded = (binding: unknown): Uint8Array =>
  encodeBindings({ trial: { name: binding as Binding } })

describe('the form of bindings', () => {
  it('comes back as it was, secrets as values that do not print', () => {
    const back = parseBindings(encodeBindings({ trial: SAMPLES }))
    expect(back).toEqual({ trial: SAMPLES })
    expect(JSON.stringify(back)).not.toContain(CANARY)
    const token = back['trial']!['token'] as { value: Secret }
    expect(token.value.reveal()).toBe(CANARY)
  })

  it.each<[string, unknown]>([
    ['an unknown kind', { kind: 'root', path: '/' }],
    ['an unknown member', { ...SAMPLES['mqtt'], via: 'x' }],
    ['https without a pin', { ...endpoint, pin: { by: 'none' } }],
    ['http to another host', { ...endpoint, url: 'http://pve1:8006/', pin: { by: 'none' } }],
    ['http with a pin', { ...endpoint, url: 'http://127.0.0.1/', pin: { by: 'public' } }],
    [
      'a host that only begins like loopback',
      { ...endpoint, url: 'http://127.0.0.1.example/', pin: { by: 'none' } },
    ],
    ['another scheme', { ...endpoint, url: 'ftp://pve1/' }],
    ['a password in the address', { ...endpoint, url: 'https://a:b@pve1/' }],
    ['a query in the address', { ...endpoint, url: 'https://pve1/?a=b' }],
    [
      'a fingerprint in capitals',
      { ...endpoint, pin: { by: 'fingerprint', sha256: 'AB'.repeat(32) } },
    ],
    ['a CA that is none', { ...endpoint, pin: { by: 'ca', pem: 'hello' } }],
    ['a header that is the connection’s', { ...endpoint, headers: { Host: new Secret('x') } }],
    [
      'a header twice',
      { ...endpoint, headers: { 'X-a': new Secret('x'), 'x-A': new Secret('y') } },
    ],
    ['a header with a line break', { ...endpoint, headers: { 'x-a': new Secret('a\r\nb: c') } }],
    ['a header name with a space', { ...endpoint, headers: { 'x a': new Secret('a') } }],
    ['an empty secret', { kind: 'secret', value: new Secret('') }],
    ['a relative folder', { kind: 'folder', path: 'srv' }],
    ['a folder with ..', { kind: 'folder', path: '/srv/../etc' }],
    ['port 0', { kind: 'connect', address: { host: 'a', port: 0 } }],
    ['a host with a slash', { kind: 'connect', address: { host: 'a/b', port: 1 } }],
    [
      'a socket path that is too long',
      { kind: 'connect', address: { socketPath: `/${'a'.repeat(107)}` } },
    ],
    ['an account like an option', { ...ssh, user: '-oProxyCommand' }],
    ['ssh without a host key', { ...ssh, hostKeys: [] }],
  ])('has no place for %s', (_, binding) => {
    expect(() => encoded(binding)).toThrowCode('ERR_BINDING_FORM')
  })

  it.each([
    ['no plugin', { 'no plugin': { name: SAMPLES['token'] } }],
    ['no name', { trial: { 'no name': SAMPLES['token'] } }],
  ])('has no place for %s', (_, plugins) => {
    expect(() => encodeBindings(plugins as never)).toThrowCode('ERR_BINDING_FORM')
  })

  it('is bounded: plugins, names, bytes', () => {
    const token = SAMPLES['token']!
    const many = (count: number, prefix: string, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, value]))
    const one = { name: token }
    expect(encodeBindings(many(64, 'p', one) as never).length).toBeGreaterThan(64)
    expect(() => encodeBindings(many(65, 'p', one) as never)).toThrowCode('ERR_BINDING_FORM')
    expect(() => encodeBindings({ trial: many(65, 'n', token) as never })).toThrowCode(
      'ERR_BINDING_FORM',
    )
    const large = { kind: 'secret', value: new Secret('x'.repeat(16_000)) }
    expect(() => encodeBindings({ trial: many(17, 'n', large) as never })).toThrowCode(
      'ERR_BINDING_FORM',
    )
  })

  it('says where it is wrong and none of the values', () => {
    const wrong = { kind: 'secret', value: CANARY, more: CANARY }
    const bytes = encodeJson({
      format: 'sallyport-bindings-1',
      plugins: { trial: { token: wrong } },
    })
    const message = messageOf(() => parseBindings(bytes))
    expect(message).toContain('trial.token')
    expect(message).not.toContain(CANARY)
  })
})

function messageOf(run: () => unknown): string {
  try {
    run()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
