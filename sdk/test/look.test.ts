// SPDX-License-Identifier: Apache-2.0
/** Which calls look, kind by kind. */
import { describe, expect, it } from '@jest/globals'
import { expectLook, type PermissionKind, type Step } from '../src/index.ts'

const get = { method: 'GET', path: '/x' }

describe('a call in a step that only looks', () => {
  it.each<[PermissionKind, string, unknown[]]>([
    ['endpoint', 'request', [get]],
    ['endpoint', 'open', [{ ...get, method: 'HEAD' }]],
    ['endpoint', 'read', [1]],
    ['endpoint', 'close', [1]],
    ['files.read', 'text', ['/x']],
    ['files.read', 'list', ['/x']],
    ['secret', 'read', []],
    ['state', 'get', ['k']],
    ['state', 'keys', []],
  ])('of %s.%s %j is made', (kind, method, args) => {
    expect(() => expectLook('plan', 'it', { kind, method, args })).not.toThrow()
  })

  it.each<[PermissionKind, string, unknown[]]>([
    ['endpoint', 'request', [{ ...get, method: 'POST' }]],
    ['endpoint', 'request', [{ ...get, method: 'get' }]],
    ['endpoint', 'request', [{ ...get, method: ['GET'] }]],
    ['endpoint', 'request', []],
    ['endpoint', 'open', [null]],
    ['ask', 'run', ['a/b', {}]],
    ['connect', 'open', []],
    ['exec', 'run', [[]]],
    ['files.write', 'write', ['/x', '']],
    ['files.write', 'remove', ['/x']],
    ['ssh', 'open', []],
    ['ssh', 'identity', []],
    ['ssh', 'sign', [new Uint8Array(), 'x']],
    ['state', 'set', ['k', 'v']],
    ['state', 'delete', ['k']],
    ['state', 'unheard', []],
  ])('of %s.%s %j is denied, and made in run', (kind, method, args) => {
    for (const step of ['plan', 'resume', 'verify'] satisfies Step[]) {
      expect(() => expectLook(step, 'it', { kind, method, args })).toThrowCode('ERR_HANDLE_DENIED')
    }
    expect(() => expectLook('run', 'it', { kind, method, args })).not.toThrow()
  })
})
