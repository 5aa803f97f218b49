// SPDX-License-Identifier: Apache-2.0
/** Texts that make a careless pattern look for ever, in every field of every route: none costs the hub more than a moment. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { routes, type Route } from '@sallyport/core/transport'
import { z } from 'zod'
import { patient } from '../../../test/support/patience.ts'
import { askNonce, openToken, proofOf, send } from '../support/raw.ts'
import { TestSite } from '../support/site.ts'

/** What one request may take longer than the same with short texts. Units: milliseconds. */
const MAX_LONGER_MS = 50
/** A busy machine makes one of them slow now and then, and never the same one three times. */
const TRIES = 3
const BODY_CHARS = 48_000
const LINE_CHARS = 5_000

/** What long texts are made of, so that they fit a pattern to their very end. */
const UNITS = ['a', '0', 'a-', '0.', 'a/a.']
const QUERY = [
  ...['cursor', 'limit', 'agentId', 'waitSeconds', 'unless', 'again'],
  ...['kind', 'about', 'from', 'epoch', 'size'],
]

/** Whatever a field may be, with the text in it. */
const SHAPES: readonly ((text: string) => unknown)[] = [
  (text) => text,
  (text) => [text],
  (text) => [{ sealed: text, leafHashes: [text] }],
  (text) =>
    JSON.stringify({ payload: text, payloadType: text, signatures: [{ keyid: text, sig: text }] }),
]

type AnyRoute = Route<never, unknown>
type Ask = { route: AnyRoute; path: string; body?: string; headers?: Record<string, string> }

const all = Object.values(routes) as unknown as AnyRoute[]
const long = (unit: string, chars: number): string =>
  `${unit.repeat(Math.ceil(chars / unit.length))}!`
const fieldsOf = ({ body }: AnyRoute): string[] =>
  body instanceof z.ZodObject ? Object.keys(body.shape) : []

let site: TestSite
let tokens: { agent: string; person: string }
let nonce: string
beforeAll(async () => {
  site = await TestSite.open()
  const agent = await site.enrol()
  nonce = await askNonce(site.url)
  tokens = {
    agent: (await openToken(site.url, agent.identity)).token,
    person: (await openToken(site.url, site.operatorIdentity)).token,
  }
})
afterAll(() => site[Symbol.asyncDispose]())

/** Asks once. Returns how long the answer took. */
async function timeOf({ route, path, body, headers = {} }: Ask): Promise<number> {
  const { method, auth } = route
  const url = site.url + path
  const token = auth === 'agent' ? tokens.agent : tokens.person
  const dpop = auth === 'none' ? undefined : await proofOf(method, url, token, { nonce })
  const access = dpop === undefined ? {} : { authorization: `DPoP ${token}`, dpop }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = { ...access, ...type, ...headers }
  const startedAt = performance.now()
  const answer = await send(url, { method, headers: all, ...(body !== undefined && { body }) })
  const tookMs = performance.now() - startedAt
  expect(`${method} ${path.slice(0, 99)} ${answer.status}`).toMatch(/ [24]\d\d$/)
  return tookMs
}

/** Holds long texts against short ones, the best of a few tries. */
async function expectCheap(askWith: (chars: number) => Ask, chars: number): Promise<void> {
  const shortMs = await timeOf(askWith(1))
  let longerMs = Infinity
  for (let tries = 0; tries < TRIES && longerMs >= MAX_LONGER_MS; tries += 1) {
    longerMs = Math.min(longerMs, (await timeOf(askWith(chars))) - shortMs)
  }
  expect(longerMs).toBeLessThan(patient(MAX_LONGER_MS))
}

describe.each(UNITS)('a long text of "%s" costs no more than a moment', (unit) => {
  it('in every field of every body', async () => {
    for (const route of all) {
      const fields = fieldsOf(route)
      const path = route.path.replaceAll(/\{[a-zA-Z]+\}/g, '1')
      for (const shape of fields.length === 0 ? [] : SHAPES) {
        const body = (chars: number) => {
          const value = shape(long(unit, chars / fields.length / 4))
          return JSON.stringify(Object.fromEntries(fields.map((name) => [name, value])))
        }
        await expectCheap((chars) => ({ route, path, body: body(chars) }), BODY_CHARS)
      }
    }
  })

  it('in every part of a path, and every parameter of a query', async () => {
    for (const route of all.filter(({ method }) => method === 'GET')) {
      const path = (chars: number) =>
        route.path.replaceAll(/\{[a-zA-Z]+\}/g, encodeURIComponent(long(unit, chars / 3)))
      await expectCheap((chars) => {
        const text = encodeURIComponent(long(unit, chars / 3 / QUERY.length))
        return { route, path: `${path(1)}?${QUERY.map((name) => `${name}=${text}`).join('&')}` }
      }, LINE_CHARS)
      if (route.path.includes('{')) {
        await expectCheap((chars) => ({ route, path: path(chars) }), LINE_CHARS)
      }
    }
  })

  it('in every header that is looked at', async () => {
    const route = routes.listAgents as unknown as AnyRoute
    const places: ((text: string) => Record<string, string>)[] = [
      (text) => ({ authorization: text }),
      (text) => ({ authorization: `DPoP ${text}` }),
      (text) => ({ dpop: text }),
      (text) => ({ 'content-type': `application/json; ${text}`, 'content-length': '0' }),
      (text) => ({ 'x-forwarded-for': `${text}, ${text}`, 'transfer-encoding': text }),
    ]
    for (const place of places) {
      const headers = (chars: number) => place(long(unit, chars / 2))
      await expectCheap(
        (chars) => ({ route, path: route.path, headers: headers(chars) }),
        LINE_CHARS,
      )
    }
  })
})
