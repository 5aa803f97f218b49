// SPDX-License-Identifier: Apache-2.0
/** Routes of a manifest mean something, and are bound to what the job acts on. */
import { parseManifest } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { endpoint, route, type RouteScope } from '@sallyport/sdk'
import { resourcesNamedBy } from '../../src/protocol/permission.ts'

function manifestWith(scope: unknown): object {
  const job = {
    summary: 'a trial',
    effect: 'read',
    input: { type: 'object', properties: { guest: {} }, additionalProperties: false },
    output: { type: 'object' },
    resources: { vmid: 'guest' },
    permissions: { svc: { ...endpoint('svc', []), routes: [scope] } },
    limits: { perMinute: 1, timeoutMs: 1_000, maxOutputBytes: 1_000 },
    policyInputs: [],
    hasPlan: false,
    hasResume: false,
    hasVerify: false,
  }
  return { name: 'trial', version: '1.0.0', summary: 'a trial', jobs: { go: job } }
}

describe('a route in a manifest', () => {
  it.each<RouteScope>([
    { route: 'GET /' },
    { route: 'GET /lxc/{vmid}/status' },
    { route: 'GET /lxc/{vmid}/content/vm-{vmid}-disk-{disk:number}:{by:account}' },
    route('POST /x/{id:uuid}', { body: { 'a.*.b': { resource: 'vmid' } } }),
  ])('is taken: $route', (scope) => {
    expect(() => parseManifest(manifestWith(scope))).not.toThrow()
  })

  it.each<[string, unknown]>([
    ['GET x', { route: 'GET x' }],
    ['TRACE /x', { route: 'TRACE /x' }],
    ['a climbing route', { route: 'GET /a/../b' }],
    ['an unknown grammar', { route: 'GET /{a:zip}' }],
    ['an unknown grammar within a segment', { route: 'GET /x-{a:zip}' }],
    ['two names without text between them', { route: 'GET /{vmid}{a:id}' }],
    ['a name that stands twice and is no resource', { route: 'GET /{a:id}/{a:id}' }],
    ['a resource within a segment that the job lacks', { route: 'GET /x:{node}:' }],
    ['a name that is none', { route: 'GET /{a-b}' }],
    ['a query in it', { route: 'GET /a?b=c' }],
    ['a resource that the job lacks', { route: 'GET /{node}' }],
    [
      'a field bound to what the job lacks',
      route('GET /x', { query: { a: { resource: 'node' } } }),
    ],
    ['a field without a name', route('GET /x', { query: { 'a..b': { equals: 1 } } })],
    ['a range without a number', route('GET /x', { query: { a: { min: 2, max: 1 } } })],
    ['a member that is none', { route: 'GET /x', headers: {} }],
  ])('is refused: %s', (_, scope) => {
    expect(() => parseManifest(manifestWith(scope))).toThrowCode('ERR_MANIFEST_FORM')
  })
})

describe('resourcesNamedBy', () => {
  it('finds them in paths, queries and bodies', () => {
    const permission = endpoint('svc', [
      'GET /{node}/{upid:text}',
      'GET /{node}/UPID:{node}:{type:id}:{vmid}:',
      route('POST /{vmid}', {
        query: { a: { resource: 'storage' } },
        body: { b: { resource: 'pool' } },
      }),
    ])
    expect(resourcesNamedBy(permission)).toEqual('node node vmid vmid storage pool'.split(' '))
    expect(resourcesNamedBy({ kind: 'secret', binding: 'x' })).toEqual([])
  })
})
