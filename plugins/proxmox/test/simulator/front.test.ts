// SPDX-License-Identifier: GPL-3.0-or-later
/** The manners of pveproxy: how it reads requests and words its answers. */
import { describe, expect, it } from '@jest/globals'
import { openFront } from '../support/front.ts'
import type { ByHand, Seen } from '../support/front.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
const START = '/nodes/pve1/qemu/100/status/start'
const CONFIG = '/nodes/pve1/qemu/100/config'
const NOT_IN_SCHEMA =
  'property is not defined in schema and the schema does not allow additional properties'

interface Manner {
  readonly name: string
  readonly request: ByHand
  readonly answer: Partial<Omit<Seen, 'json'>> & { readonly json?: object }
}

const refusedByWire = (status: number, text: string) => ({ status, reason: text, text })
const failed = (status: number, text: string) => ({
  status,
  reason: text,
  json: { data: null, message: `${text}\n` },
})

const REQUESTS: readonly Manner[] = [
  {
    name: 'a method of no table is refused by the HTTP layer, its text alone in the body',
    request: { method: 'PATCH' },
    answer: refusedByWire(501, "method 'PATCH' not available"),
  },
  {
    name: 'HEAD is such a method',
    request: { method: 'HEAD' },
    answer: refusedByWire(501, "method 'HEAD' not available"),
  },
  {
    name: 'a chunked body is refused before anybody is asked who they are',
    request: { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, login: 'nobody' },
    answer: refusedByWire(501, 'chunked transfer encoding not supported'),
  },
  {
    name: 'a GET with a body is refused',
    request: { body: 'a=1' },
    answer: refusedByWire(501, "Unexpected content for method 'GET'"),
  },
  {
    name: 'a DELETE with a body is refused',
    request: { method: 'DELETE', path: '/nodes/pve1/qemu/100', body: 'purge=1' },
    answer: refusedByWire(501, "Unexpected content for method 'DELETE'"),
  },
  {
    name: 'a GET that announces a body is refused, even when none came',
    request: { headers: { 'content-length': '7' } },
    answer: refusedByWire(501, "Unexpected content for method 'GET'"),
  },
  {
    name: 'a body of 512 KiB is read',
    request: { method: 'POST', path: '/nope', body: `a=${'x'.repeat(512 * 1024 - 2)}` },
    answer: { status: 501, reason: "Method 'POST /nope' not implemented" },
  },
  {
    name: 'a body of one byte more is refused',
    request: { method: 'POST', path: '/nope', body: `a=${'x'.repeat(512 * 1024 - 1)}` },
    answer: refusedByWire(501, 'for data too large'),
  },
  {
    name: 'a body of another type is refused with a status of its own',
    request: { method: 'POST', path: START, headers: { 'content-type': 'text/xml' }, body: '<a/>' },
    answer: refusedByWire(506, "upload 'Content-Type 'text/xml' not implemented"),
  },
  {
    name: 'JSON that is none is refused',
    request: { method: 'POST', path: START, headers: JSON_TYPE, body: '{"a":' },
    answer: { status: 501 },
  },
  {
    name: 'an unknown path is 501, not 404',
    request: { path: '/no/such/thing' },
    answer: {
      status: 501,
      reason: "Method 'GET /no/such/thing' not implemented",
    },
  },
  {
    name: 'a known path with another method is 501 as well',
    request: { method: 'PUT', path: '/version' },
    answer: { status: 501, reason: "Method 'PUT /version' not implemented" },
  },
  {
    name: 'an unknown parameter is named in errors',
    request: { method: 'POST', path: START, headers: FORM, body: 'turbo=1' },
    answer: {
      ...failed(400, 'Parameter verification failed.'),
      json: {
        data: null,
        message: 'Parameter verification failed.\n',
        errors: { turbo: NOT_IN_SCHEMA },
      },
    },
  },
  {
    name: 'true is no truth value in a form',
    request: { method: 'POST', path: START, headers: FORM, body: 'skiplock=true' },
    answer: {
      status: 400,
      json: { errors: { skiplock: "type check ('boolean') failed - got 'true'" } },
    },
  },
  {
    name: 'a parameter of the query wins over the same of the body',
    request: {
      method: 'POST',
      path: `${START}?skiplock=maybe`,
      headers: FORM,
      body: 'skiplock=1',
    },
    answer: {
      status: 400,
      json: { errors: { skiplock: "type check ('boolean') failed - got 'maybe'" } },
    },
  },
  {
    name: 'a parameter of the path given again with another value is refused',
    request: { method: 'POST', path: START, headers: FORM, body: 'vmid=101' },
    answer: {
      status: 400,
      json: {
        errors: {
          vmid: 'duplicate parameter (already defined in URI) with conflicting values!',
        },
      },
    },
  },
  {
    name: 'the same value again is taken',
    request: { path: '/nodes/pve1/qemu/100/status/current?vmid=100' },
    answer: { status: 200 },
  },
  {
    name: 'a plain failure is 500 with its text in the status line and the message',
    request: { path: '/nodes/pve1/qemu/999/status/current' },
    answer: failed(500, "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"),
  },
  {
    name: 'a node that is no node cannot be looked up',
    request: { path: '/nodes/moon/status' },
    answer: failed(
      500,
      "hostname lookup 'moon' failed - failed to get address info for: moon: Name or service not known",
    ),
  },
  {
    name: 'localhost is the node that is spoken to',
    request: { path: '/nodes/localhost/qemu/100/status/current' },
    answer: { status: 200 },
  },
  {
    name: 'a path is percent-decoded once',
    request: { path: '/nodes%2Fpve1/%71emu/100/status/current' },
    answer: { status: 200 },
  },
  {
    name: 'and not twice',
    request: { path: '/nodes/pve1/%2571emu/100/status/current' },
    answer: {
      status: 501,
      reason: "Method 'GET /nodes/pve1/%71emu/100/status/current' not implemented",
    },
  },
  {
    name: 'extjs gets status 200 and the truth in the body',
    request: { target: '/api2/extjs/no' },
    answer: {
      status: 200,
      reason: 'OK',
      json: { data: null, success: 0, status: 501, message: "Method 'GET /no' not implemented\n" },
    },
  },
  {
    name: 'extjs says success where it is one',
    request: { target: '/api2/extjs/access/ticket' },
    answer: { status: 200, json: { data: null, success: 1 } },
  },
]

describe('a request', () => {
  it.each(REQUESTS)('$name', ({ request, answer }) => {
    expect(openFront().send(request)).toMatchObject(answer)
  })

  it.each([
    ['64 lines of headers', Object.fromEntries([...Array(64).keys()].map((n) => [`x-${n}`, '1']))],
    ['more than 8 KiB of headers', { 'x-long': 'x'.repeat(8192) }],
  ])('with %s ends the connection', (_, headers) => {
    expect(openFront().send({ headers })).toMatchObject({ ends: 'reset' })
  })

  it('of a form has + for a space, escapes in UTF-8, and keeps what is no escape', () => {
    const front = openFront()
    front.change('PUT', CONFIG, 'description=a+%C3%A4%25+100%')
    expect(front.simulator.world.guests.get(100)?.config['description']).toBe('a ä% 100%')
  })

  it('of a form ends a value at a second equals sign that is not escaped', () => {
    const front = openFront()
    front.change('PUT', CONFIG, 'description=a=b')
    expect(front.simulator.world.guests.get(100)?.config['description']).toBe('a')
  })

  it('takes truth values and numbers of JSON as they are', () => {
    const front = openFront()
    const body = JSON.stringify({ onboot: true, cores: 3, description: 'x' })
    expect(front.send({ method: 'PUT', path: CONFIG, headers: JSON_TYPE, body }).status).toBe(200)
    expect(front.simulator.ledger.at(-1)?.params).toMatchObject({ onboot: true, cores: 3 })
  })

  it('with a repeated name gives a list, joined where the schema wants a text that is a list', () => {
    const front = openFront()
    front.change('POST', '/access/groups', 'groupid=a')
    front.change('POST', '/access/groups', 'groupid=b')
    front.change('POST', '/access/users', 'userid=joe@pve&groups=a&groups=b')
    const { groups } = front.simulator.world.access
    expect([...groups.values()].map(({ members }) => [...members])).toEqual([
      ['joe@pve'],
      ['joe@pve'],
    ])
  })
})

describe('an answer', () => {
  it('has the head of pveproxy', () => {
    const { headers, text } = openFront().send()
    expect(headers).toEqual({
      'Cache-Control': 'max-age=0',
      Connection: 'Keep-Alive',
      Date: 'Mon, 01 Jun 2026 12:00:00 GMT',
      Expires: 'Mon, 01 Jun 2026 12:00:00 GMT',
      Pragma: 'no-cache',
      Server: 'pve-api-daemon/3.0',
      'Content-Length': String(text.length),
      'Content-Type': 'application/json;charset=UTF-8',
    })
  })

  it('that is an error closes the connection', () => {
    expect(openFront().send({ path: '/no' }).headers).toMatchObject({ Connection: 'close' })
  })

  it('of the HTTP layer has no content type', () => {
    expect(openFront().send({ method: 'PATCH' }).headers).not.toHaveProperty('Content-Type')
  })

  it('that shows a part of a list says how long it is', () => {
    const front = openFront()
    for (const guest of [100, 102])
      front.send({ method: 'POST', path: `/nodes/pve1/qemu/${guest}/status/stop` })
    const { json } = front.send({ path: '/nodes/pve1/tasks?source=all&limit=0' })
    expect(json.total).toEqual(expect.any(Number))
  })

  it('puts only the first line of an error into the status line, and no line break', () => {
    const front = openFront()
    const message = 'one\nSet-Cookie: x=y'
    front.simulator.addFault({ operation: '*', fault: { kind: 'status', status: 500, message } })
    expect(front.send().reason).toBe('one')
  })
})

describe('another node', () => {
  it.each([
    ['offline', 595, 'No route to host'],
    ['waking', 595, 'Connection refused'],
  ] as const)(
    'that is %s is answered for by the proxy, with an empty body',
    (state, status, reason) => {
      const front = openFront()
      const node = front.simulator.world.nodes.get('pve2')!
      node.state = state
      node.onlineAtMs = Infinity
      expect(front.send({ path: '/nodes/pve2/status' })).toMatchObject({ status, reason, text: '' })
      expect(front.send({ path: '/nodes' }).status).toBe(200)
    },
  )

  it('is reached only by who may ask', () => {
    const front = openFront({ offline: ['pve2'] })
    const login = front.token('weak', 'VM.Audit')
    expect(front.send({ path: '/nodes/pve2/status', login }).status).toBe(403)
  })

  it('that is spoken to and is off ends the connection', () => {
    const front = openFront()
    front.simulator.world.nodes.get('pve1')!.state = 'offline'
    expect(front.send()).toMatchObject({ ends: 'reset' })
  })
})

describe('the ledger', () => {
  it('holds who asked for what, what became of it, and whether anything was done', () => {
    const front = openFront()
    const login = front.token('weak', 'VM.Audit')
    front.send({ method: 'POST', path: '/nodes/pve1/qemu/100/status/stop', login })
    front.send({ method: 'POST', path: '/nodes/pve1/qemu/100/status/stop' })
    const [refused, done] = front.simulator.ledger.slice(-2)
    const operation = 'POST /nodes/{node}/qemu/{vmid}/status/stop'
    expect(refused).toMatchObject({ operation, user: 'weak@pve!t', status: 403, hasEffect: false })
    expect(done).toMatchObject({
      operation,
      path: '/nodes/pve1/qemu/100/status/stop',
      params: { node: 'pve1', vmid: 100 },
      user: 'root@pam',
      status: 200,
      hasEffect: true,
    })
  })

  it('says of a look that nothing was done', () => {
    const front = openFront()
    front.send()
    expect(front.simulator.ledger.at(-1)).toMatchObject({ status: 200, hasEffect: false })
  })

  it('drops the oldest when it is full', () => {
    const front = openFront({ maxLedgerEntries: 20 })
    for (let times = 0; times < 50; times += 1) front.send()
    expect(front.simulator.ledger.length).toBeLessThanOrEqual(20)
  })

  it('tells whoever looks on also the answer', () => {
    const front = openFront()
    const seen: unknown[] = []
    front.simulator.observe(({ status, data, errors }) => seen.push({ status, data, errors }))
    front.send({ path: '/access/ticket' })
    expect(seen).toEqual([{ status: 200, data: null, errors: undefined }])
  })
})
