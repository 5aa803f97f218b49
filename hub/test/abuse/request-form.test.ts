// SPDX-License-Identifier: Apache-2.0
/** The one form of a request line and of headers. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { expectForm } from '../../src/abuse/request-form.ts'

function request(url: string, headers: readonly (readonly [string, string])[] = [['Host', 'hub']]) {
  const rawHeaders = headers.flat()
  const parsed = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  return Object.assign(new IncomingMessage(new Socket()), { url, rawHeaders, headers: parsed })
}

describe('the form of a request', () => {
  it.each([
    '/health',
    '/v1/agents?limit=5&cursor=a%2fb',
    `/v1/bundles/sha256%3A${'0'.repeat(64)}`,
    '/v1/agents/self/descriptor',
  ])('takes %s', (url) => {
    expectForm(request(url))
  })

  it.each([
    ['http://hub/health', 'ERR_HTTP'],
    ['*', 'ERR_HTTP'],
    ['', 'ERR_HTTP'],
    ['/h\u00e9alth', 'ERR_HTTP'],
    ['/%', 'ERR_HTTP'],
    ['/%zz', 'ERR_HTTP'],
    ['/%4', 'ERR_HTTP'],
    ['/%68ealth', 'ERR_REQUEST_FORM'],
    ['/v1/%2e%2e/health', 'ERR_REQUEST_FORM'],
    ['/v1/..%2fhealth', 'ERR_REQUEST_FORM'],
    ['/v1/..%5chealth', 'ERR_REQUEST_FORM'],
    ['/v1/../health', 'ERR_REQUEST_FORM'],
    ['/./health', 'ERR_REQUEST_FORM'],
    ['/health/..', 'ERR_REQUEST_FORM'],
    ['/health%00', 'ERR_REQUEST_FORM'],
    ['/health%0d%0a', 'ERR_REQUEST_FORM'],
    ['/%c3%a9', 'ERR_REQUEST_FORM'],
  ])('refuses %s', (url, code) => {
    expect(() => expectForm(request(url))).toThrowCode(code)
  })

  it.each([
    ['no host', []],
    ['an empty host', [['Host', '']]],
    ['a host with a path', [['Host', 'hub/x']]],
    ['a host with an account', [['Host', 'me@hub']]],
    [
      'two hosts',
      [
        ['Host', 'hub'],
        ['HOST', 'other'],
      ],
    ],
    [
      'two lengths that are equal',
      [
        ['Host', 'hub'],
        ['Content-Length', '1'],
        ['content-length', '1'],
      ],
    ],
    [
      'two authorizations',
      [
        ['Host', 'hub'],
        ['Authorization', 'a'],
        ['authorization', 'b'],
      ],
    ],
    [
      'two proofs',
      [
        ['Host', 'hub'],
        ['DPoP', 'a'],
        ['dpop', 'b'],
      ],
    ],
    [
      'an encoding of the transfer besides chunks',
      [
        ['Host', 'hub'],
        ['Transfer-Encoding', 'gzip, chunked'],
      ],
    ],
  ] as const)('refuses %s', (_, headers) => {
    expect(() => expectForm(request('/health', headers))).toThrowCode('ERR_HTTP')
  })
})
