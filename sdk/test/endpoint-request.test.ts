// SPDX-License-Identifier: Apache-2.0
/** One request against all routes of a permission. */
import { describe, expect, it } from '@jest/globals'
import { decideRequest, endpoint, route } from '../src/index.ts'
import type { RouteScope, RouteText } from '../src/index.ts'

const JOB = new Map([['vmid', ['101']]])

function decide(routes: readonly (RouteText | RouteScope)[], request: object): string {
  const decision = decideRequest(endpoint('svc', routes), request, JOB)
  return decision.allowed ? decision.request.path : `${decision.code}: ${decision.why}`
}

const post = { method: 'POST', path: '/create' }

describe('a request', () => {
  it('keeps the constraints of every route that covers it, in whichever order', () => {
    const strict = route('POST /create', { body: { force: { forbidden: true } } })
    const wide = 'POST /{what:text}' as const
    for (const routes of [
      [strict, wide],
      [wide, strict],
    ]) {
      expect(decide(routes, { ...post, json: {} })).toBe('/create')
      expect(decide(routes, { ...post, json: { force: 1 } })).toMatch(/^ERR_HANDLE_DENIED.*force/)
      expect(decide(routes, { ...post, path: '/cre%61te', json: { force: 1 } })).toMatch(/force/)
    }
  })

  it('brings no field in the part that has no constraints beside one that has', () => {
    const inBody = route('POST /create', { body: { force: { forbidden: true } } })
    expect(decide([inBody], { ...post, query: { force: 1 } })).toMatch(/takes no query/)
    expect(decide([inBody], { ...post, query: { other: 1 } })).toMatch(/takes no query/)
    const inQuery = route('POST /create', { query: { force: { forbidden: true } } })
    expect(decide([inQuery], { ...post, form: { force: 1 } })).toMatch(/takes no body/)
    expect(decide([inQuery], { ...post, json: { a: 1 } })).toMatch(/takes no body/)
    expect(decide([inQuery], { ...post, bytes: new Uint8Array(1) })).toMatch(/takes no body/)
    const both = route('POST /create', {
      query: { a: { equals: 1 } },
      body: { force: { forbidden: true } },
    })
    expect(decide([both], { ...post, query: { a: 1 }, form: { b: 2 } })).toBe('/create?a=1')
  })

  it('with constraints on its body is no bytes, and need not have a body where none is required', () => {
    const inBody = route('POST /create', { body: { force: { forbidden: true } } })
    expect(decide([inBody], { ...post, bytes: new Uint8Array(2) })).toMatch(/not bytes/)
    expect(decide([inBody], post)).toBe('/create')
    const needed = route('POST /create', { body: { a: { equals: 1, required: true } } })
    expect(decide([needed], post)).toMatch(/"a" is missing/)
    expect(decide([needed], { ...post, form: { a: 1 } })).toBe('/create')
  })

  it.each(['GET', 'HEAD'] as const)('by %s has no body', (method) => {
    const request = { method, path: '/create', json: {} }
    expect(decide([`${method} /create`], request)).toMatch(/has no body/)
  })

  it('cannot ask for another method in a field', () => {
    for (const name of ['_method', '_METHOD', 'a[_method]']) {
      expect(decide(['POST /create'], { ...post, form: { [name]: 'DELETE' } })).toMatch(/no field/)
      expect(decide(['POST /create'], { ...post, query: { [name]: 'DELETE' } })).toMatch(/no field/)
    }
  })

  it.each([
    ['json', { json: {}, headers: { 'content-type': 'text/plain' } }],
    ['json', { json: {}, headers: { 'content-type': 'application/json; charset=utf-7' } }],
    ['a form', { form: {}, headers: { 'content-type': 'application/json' } }],
  ])('that is %s says no other type', (_, change) => {
    expect(decide(['POST /create'], { ...post, ...change })).toMatch(/is no type of/)
  })

  it('that is json may say a narrower type', () => {
    const headers = { 'content-type': 'application/merge-patch+json' }
    expect(decide(['POST /create'], { ...post, json: {}, headers })).toBe('/create')
  })

  it('with a text that cannot be written is refused', () => {
    for (const value of ['\ud800', 'a\0b', NaN, Infinity]) {
      expect(decide(['POST /create'], { ...post, query: { a: value } })).toMatch(
        /^ERR_ARGUMENT_FORM/,
      )
    }
  })

  it('that no route covers is told which would, bound to the job where it can be', () => {
    const request = { method: 'GET', path: '/lxc/101/config' }
    expect(decide(['GET /version'], request)).toBe(
      `ERR_HANDLE_DENIED: GET /lxc/101/config is no route of "svc"; endpoint('svc', ['GET /lxc/{vmid}/config']) would allow it`,
    )
  })

  it('for another guest is told that it is another', () => {
    const request = { method: 'GET', path: '/lxc/102' }
    expect(decide(['GET /lxc/{vmid}'], request)).toBe(
      'ERR_HANDLE_DENIED: GET /lxc/102: "102" is no vmid of this job',
    )
  })
})
