// SPDX-License-Identifier: Apache-2.0
/** Routes cover what was approved, in one spelling, and nothing that a service may take for something else. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { matchRoute, normalPath, parseRoute, resourcesOfRoute, routeFor } from '../src/index.ts'

const JOB = new Map([
  ['node', ['pve1']],
  ['vmid', ['101', '103']],
  ['volume', ['local:backup/vzdump 1.zst']],
  ['long', ['x'.repeat(257)]],
  ['odd', ['..', 'a/../b', 'a\u0000', '', 'a\\b', '%2e', '.;x']],
])

function sent(route: string, path: string, method = 'GET'): string | undefined {
  const match = matchRoute({ route }, { method, path }, JOB)
  return match.ok ? match.path : undefined
}

describe('a route', () => {
  it.each([
    ['GET /', []],
    ['GET /version', [{ literal: 'version' }]],
    [
      'POST /nodes/{node}/lxc/{vmid}/snapshot',
      [
        { literal: 'nodes' },
        { name: 'node', grammar: 'resource' },
        { literal: 'lxc' },
        { name: 'vmid', grammar: 'resource' },
        { literal: 'snapshot' },
      ],
    ],
    ['DELETE /a:b@c/{id:id}', [{ literal: 'a:b@c' }, { name: 'id', grammar: 'id' }]],
    [
      'PUT /{a:number}/{b:text}',
      [
        { name: 'a', grammar: 'number' },
        { name: 'b', grammar: 'text' },
      ],
    ],
    [
      'GET /{a}/x:{a}-{b:account}:',
      [
        { name: 'a', grammar: 'resource' },
        {
          pieces: [
            { literal: 'x:' },
            { name: 'a', grammar: 'resource' },
            { literal: '-' },
            { name: 'b', grammar: 'account' },
            { literal: ':' },
          ],
        },
      ],
    ],
  ])('%s is read', (text, segments) => {
    expect(parseRoute(text).segments).toEqual(segments)
  })

  it.each([
    '',
    'GET',
    'GET ',
    'GET x',
    'get /x',
    'TRACE /x',
    'CONNECT /x',
    'GET  /x',
    'GET /x ',
    ' GET /x',
    'GET /x?y=1',
    'GET /x#y',
    'GET //x',
    'GET /x//y',
    'GET /x//',
    'GET /./x',
    'GET /x/..',
    'GET /..;a/x',
    'GET /;x',
    'GET /%2e%2e',
    'GET /a%20b',
    'GET /ä',
    'GET /a\\b',
    'GET /a\nb',
    'GET /a\tb',
    'GET /a|b',
    'GET /{',
    'GET /{}',
    'GET /{a',
    'GET /a}',
    'GET /{a}{b}',
    'GET /x{a}{b:id}y',
    'GET /x{a',
    'GET /{a}}',
    'GET /{{a}}',
    'GET /x{}',
    'GET /x{a:zip}',
    'GET /x{a:resource}',
    'GET /x{A}',
    'GET /{a}|{b}',
    'GET /{a}%3A{b}',
    'GET /{a} {b}',
    'GET /;{a}',
    'GET /.;{a}',
    'GET /{a:}',
    'GET /{:id}',
    'GET /{a:zip}',
    'GET /{a:resource}',
    'GET /{a:toString}',
    'GET /{a:constructor}',
    'GET /{A}',
    'GET /{1}',
    'GET /{a-b}',
    'GET /{__proto__}',
    'GET /{a}/{a:id}',
    'GET /{a:id}/{a:id}',
    'GET /{a:id}:{a:id}',
    'GET /x:{a}/{a:id}',
  ])('%p is none', (text) => {
    expect(() => parseRoute(text)).toThrow(TypeError)
  })

  it('names the resources it is bound to', () => {
    const route = parseRoute('GET /{node}/x/{vmid}/{upid:text}/{node}:{vmid}-{pool}')
    expect(resourcesOfRoute(route)).toEqual(['node', 'vmid', 'pool'])
  })
})

describe('a request', () => {
  it.each([
    ['GET /', '/', '/'],
    ['GET /version', '/version', '/version'],
    ['GET /version', '/%76ersion', '/version'],
    ['GET /list/', '/list/', '/list/'],
    ['GET /lxc/{vmid}', '/lxc/101', '/lxc/101'],
    ['GET /lxc/{vmid}', '/lxc/103', '/lxc/103'],
    ['GET /lxc/{vmid}', '/lxc/%31%30%31', '/lxc/101'],
    ['GET /c/{volume}', '/c/local:backup%2Fvzdump%201.zst', '/c/local:backup%2Fvzdump%201.zst'],
    ['GET /c/{volume}', '/c/local%3Abackup%2fvzdump%201.zst', '/c/local:backup%2Fvzdump%201.zst'],
    ['GET /t/{upid:segment}', '/t/UPID:pve1:1:vm@pam:', '/t/UPID:pve1:1:vm@pam:'],
    ['GET /i/{name:text}', '/i/library%2Fbusybox%3A1', '/i/library%2Fbusybox:1'],
    ['GET /i/{name:text}', '/i/%C3%A4%20%2B', '/i/%C3%A4%20%2B'],
    ['GET /i/{name:text}', '/i/100%25', '/i/100%25'],
    ['GET /i/{name:text}', '/i/...', '/i/...'],
    ['GET /i/{name:text}', '/i/a;b', '/i/a%3Bb'],
    ['GET /i/{a:id}', '/i/Z9._-', '/i/Z9._-'],
    ['GET /i/{a:number}', '/i/0', '/i/0'],
    ['GET /i/{a:hex}', '/i/0aF', '/i/0aF'],
    [
      'GET /i/{a:uuid}',
      '/i/01890a5d-ac96-774b-bcce-b302099a8057',
      '/i/01890a5d-ac96-774b-bcce-b302099a8057',
    ],
  ])('%s covers %s, sent as %s', (route, path, expected) => {
    expect(sent(route, path)).toBe(expected)
  })

  const guest = 'GET /nodes/{node}/lxc/{vmid}/status'

  it.each([
    '/nodes/pve1/lxc/102/status',
    '/nodes/pve2/lxc/101/status',
    '/nodes/pve1/lxc/101/../102/status',
    '/nodes/pve1/lxc/101/%2e%2e/102/status',
    '/nodes/pve1/lxc/101%2F..%2F102/status',
    '/nodes/pve1/lxc/102%2F..%2F101/status',
    '/nodes/pve1/lxc/..%2F101/status',
    '/nodes/pve1/lxc/%2e%2e%2f102/status',
    '/nodes/pve1/lxc/%252e%252e/status',
    '/nodes/pve1/lxc/%2531%2530%2531/status',
    '/nodes/pve1/lxc/101%00/status',
    '/nodes/pve1/lxc/101%0a/status',
    '/nodes/pve1/lxc/101%20/status',
    '/nodes/pve1/lxc/%20101/status',
    '/nodes/pve1/lxc/0101/status',
    '/nodes/pve1/lxc/+101/status',
    '/nodes/pve1/lxc/101.0/status',
    '/nodes/pve1/lxc/1e2/status',
    '/nodes/pve1/lxc/0x65/status',
    '/nodes/pve1/lxc/101;102/status',
    '/nodes/pve1/lxc/101;/status',
    '/nodes/pve1/lxc/101,102/status',
    '/nodes/pve1/lxc/101&102/status',
    '/nodes/pve1/lxc/%EF%BC%91%EF%BC%90%EF%BC%91/status',
    '/nodes/pve1/lxc/１０１/status',
    '/nodes/PVE1/lxc/101/status',
    '/nodes/pve1/LXC/101/status',
    '/nodes/pve1/lxc/101/Status',
    '/nodes/pve1/lxc/101/status/',
    '/nodes/pve1/lxc/101/status/.',
    '/nodes/pve1/lxc/101/status/x',
    '/nodes/pve1/lxc/101/./status',
    '/nodes/pve1/lxc//101/status',
    '//nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/101//status',
    '/./nodes/pve1/lxc/101/status',
    '/x/../nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/101/status?a=b',
    '/nodes/pve1/lxc/101/status#a',
    '/nodes/pve1/lxc/102/status#/nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/102/status?/nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/101/status ',
    ' /nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/101/status\u0000',
    '/nodes/pve1/lxc/101/status\r\nX: y',
    '/nodes/pve1/lxc/101/status HTTP/1.1',
    'nodes/pve1/lxc/101/status',
    '\\nodes\\pve1\\lxc\\101\\status',
    '/nodes\\pve1/lxc/101/status',
    '/nodes/pve1/lxc/101%5C..%5C102/status',
    'http://elsewhere.example/nodes/pve1/lxc/101/status',
    '//elsewhere.example/nodes/pve1/lxc/101/status',
    '@elsewhere.example/nodes/pve1/lxc/101/status',
    '/@elsewhere.example/nodes/pve1/lxc/101/status',
    '/nodes/pve1/lxc/{vmid}/status',
    '/nodes/pve1/lxc/%7Bvmid%7D/status',
    '/nodes/pve1/lxc/*/status',
    '/nodes/pve1/lxc//status',
    '/nodes/pve1/lxc/%/status',
    '/nodes/pve1/lxc/%1/status',
    '/nodes/pve1/lxc/%zz/status',
    '/nodes/pve1/lxc/%u0031/status',
    '/nodes/pve1/lxc/%c0%b1/status',
    '/nodes/pve1/lxc/%ed%a0%80/status',
    '/nodes/pve1/lxc/%ff/status',
    '/nodes/pve1/lxc/101%E2%80%AE/status',
    '/nodes/pve1/lxc/101%EF%BB%BF/status',
    '/nodes/pve1/lxc/101%E2%80%8B/status',
    '',
    '/',
    '//',
    '.',
    '..',
    '*',
  ])('for guests 101 and 103 does not reach %p', (path) => {
    expect(sent(guest, path)).toBeUndefined()
  })

  it.each(['POST', 'HEAD', 'get', 'GET ', 'DELETE', ''])('by %p is another', (method) => {
    expect(sent(guest, '/nodes/pve1/lxc/101/status', method)).toBeUndefined()
  })

  it('says which value is none of the job', () => {
    const match = matchRoute(
      { route: guest },
      { method: 'GET', path: '/nodes/pve1/lxc/102/status' },
      JOB,
    )
    expect(match).toEqual({ ok: false, why: '"102" is no vmid of this job' })
  })

  it('reaches nothing by a resource that the job does not name', () => {
    const request = { method: 'GET', path: '/lxc/101' }
    for (const resources of [new Map(), new Map([['vmid', []]]), new Map([['other', ['101']]])]) {
      expect(matchRoute({ route: 'GET /lxc/{vmid}' }, request, resources).ok).toBe(false)
    }
  })

  it.each(['..', 'a%2F..%2Fb', 'a%00', '', 'a%5Cb', '%252e', '.;x', '.%3Bx'])(
    'carries no trick even where the signed input holds it: %p',
    (value) => {
      expect(sent('GET /x/{odd}', `/x/${value}`)).toBeUndefined()
    },
  )

  it.each([
    ['id', ['', '-a', '.a', '..', 'a/b', 'a%2Fb', 'a:b', 'ä', 'a%20b', 'a'.repeat(129)]],
    ['number', ['', '01', '-1', '+1', '1.0', '1e2', '%EF%BC%91', '1'.repeat(20), '1%20']],
    ['hex', ['', 'g', '0x1', 'a'.repeat(129)]],
    ['uuid', ['', '01890a5dac96774bbcceb302099a8057', '{01890a5d-ac96-774b-bcce-b302099a8057}']],
    [
      'segment',
      ['', '.', '..', 'a%2Fb', 'a/b', 'a%EF%BC%8Fb', 'a%5Cb', '%2E%2E', 'a%00', 'a%0D', 'a%252Fb'],
    ],
    [
      'text',
      [
        ...[
          '',
          '.',
          '..',
          '..%2Fa',
          'a%2F..',
          'a%2F..%2Fb',
          'a%2F.%2Fb',
          'a%2F%2Fb',
          '%2Fa',
          'a%2F',
        ],
        ...['..;', '..;x', '..%3Bx', '.%3Bx%2Fa', 'a%2F..%3Bx', '%20..%20', '..%20', 'a%2F..%20'],
        ...['a%5C..', '%252e%252e', 'a%252F..', '%25%32%65', '%EF%BC%8E%EF%BC%8E', '%E2%80%A5'],
        ...['%EF%BC%8E%EF%BC%8E%EF%BC%8Fa', '%EF%BC%BC', '%EF%BC%852e', 'a%0Ab', 'a%7F', '%C2%85'],
        ...['a?b', 'a#b', 'a b', 'ä', 'a|b', 'a"b', '<a>', 'a^b', '`a`', 'a[b]'],
        ...['%E2%80%A8', '%E2%80%AE', '%EE%80%80', 'x'.repeat(257), '%ED%A0%80', '%C0%AE'],
      ],
    ],
  ])('brings no %s of a wrong form', (grammar, values) => {
    const covered = values.filter((value) => sent(`GET /x/{a:${grammar}}`, `/x/${value}`))
    expect(covered).toEqual([])
  })

  it('brings no value of more than 256 characters', () => {
    expect(sent('GET /x/{long}', `/x/${'x'.repeat(257)}`)).toBeUndefined()
  })

  it('of more than 2048 characters is refused', () => {
    expect(sent('GET /x/{a:text}', `/x/${'%61'.repeat(200)}`)).toBe(`/x/${'a'.repeat(200)}`)
    expect(
      sent('GET /x/{a:text}/{b:text}/{c:text}', `/x${`/${'%61'.repeat(250)}`.repeat(3)}`),
    ).toBe(undefined)
  })
})

/** Texts made of what paths and tricks are made of. */
const trick = fc.constantFrom(
  ...['/', '.', '..', '%2e', '%2f', '%5c', '%252e', '%00', ';', '?', '#', '\\', '//', '%', '%25'],
  ...[
    'nodes',
    'pve1',
    'lxc',
    '101',
    '102',
    'status',
    '%31',
    'ä',
    '%c3%a4',
    '%c0%ae',
    '１',
    ' ',
    '@',
  ],
)
const anyPath = fc.oneof(
  fc.array(trick, { maxLength: 14 }).map((parts) => `/${parts.join('')}`),
  fc
    .array(fc.oneof(trick, fc.string({ maxLength: 4, unit: 'binary' })), { maxLength: 10 })
    .map((parts) => `/nodes/${parts.join('/')}`),
)

describe('whatever is asked for', () => {
  const routes = [
    'GET /nodes/{node}/lxc/{vmid}/status',
    'GET /nodes/{node}/{upid:text}',
    'GET /nodes/{x:segment}/{y:id}',
    'GET /{a:text}',
  ]

  it('is sent, if at all, as a path in its one spelling that the same route covers', () => {
    fc.assert(
      fc.property(anyPath, fc.constantFrom(...routes), (path, route) => {
        const out = sent(route, path)
        if (out === undefined) return
        expect(sent(route, out)).toBe(out)
        expect(normalPath(out)).toBe(out)
        expect(new URL(`http://x${out}`).pathname).toBe(out)
        expect(out).not.toMatch(/\/\.{0,2}(\/|$)|[?#\\;]|%2e/i)
      }),
      { numRuns: 1_500 },
    )
  })

  it('brings the values it was asked for and no others', () => {
    const value = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(value, fc.constantFrom('text', 'segment', 'id'), (text, grammar) => {
        const route = `GET /x/{a:${grammar}}`
        const request = { method: 'GET', path: `/x/${encodeURIComponent(text)}` }
        const match = matchRoute({ route }, request, JOB)
        if (!match.ok) return
        expect(match.params).toEqual({ a: text })
        expect(decodeURIComponent(match.path.slice(3))).toBe(text)
      }),
      { numRuns: 1_000 },
    )
  })

  it('reaches guest 101 or 103 by the route for them, and no other', () => {
    const part = fc.oneof(trick, fc.constantFrom('nodes', 'pve1', 'lxc', '101', '103', 'status'))
    const path = fc.tuple(part, part, part, part, part).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.oneof(path, anyPath), (asked) => {
        const out = sent(routes[0]!, asked)
        expect([undefined, '/nodes/pve1/lxc/101/status', '/nodes/pve1/lxc/103/status']).toContain(
          out,
        )
      }),
      { numRuns: 1_500 },
    )
  })
})

describe('a suggested route', () => {
  it('is bound to the resources of the job where it can be', () => {
    const request = { method: 'GET', path: '/nodes/pve1/lxc/101/config' }
    expect(routeFor(request, JOB)).toBe('GET /nodes/{node}/lxc/{vmid}/config')
  })

  it.each(['/a/../b', '/a%20b', '/a?b', ''])('is none for %p', (path) => {
    expect(routeFor({ method: 'GET', path }, JOB)).toBeUndefined()
  })

  it('is none for a method that no route has', () => {
    expect(routeFor({ method: 'TRACE', path: '/x' }, JOB)).toBeUndefined()
  })
})

describe('the spelling for the log', () => {
  it.each([
    ['/a/%62', '/a/b'],
    ['/a/../b', undefined],
    [7, undefined],
    [null, undefined],
  ])('of %p is %p', (path, expected) => {
    expect(normalPath(path)).toBe(expected)
  })
})
