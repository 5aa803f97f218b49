// SPDX-License-Identifier: Apache-2.0
/** Bound services as plugins meet them: from inside the sandbox, honest ones and hostile ones. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { endpoint, route, type Permission } from '@sallyport/sdk'
import type { BindingStore } from '../../../../src/plugins/bindings/binding.ts'
import type { RunRequest } from '../../../../src/plugins/ports.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest } from '../../support.ts'
import { startService, TOKEN, type ServiceForTest } from './services.ts'

const STATUS = 'GET /nodes/{node}/lxc/{vmid}/status'
const pve = endpoint('pve', [
  STATUS,
  'GET /nodes/{node}/tasks/{upid:text}',
  'GET /events',
  route('POST /nodes/{node}/lxc/{vmid}/clone', {
    body: { newid: { resource: 'vmid' }, force: { forbidden: true } },
  }),
  route('POST /nodes/{node}/batch', { body: { 'vmids.*': { resource: 'vmid' } } }),
])
const INPUT = { node: 'pve1', vmid: 101 }

let service: ServiceForTest
let host: HostForTest

beforeAll(async () => {
  service = await startService(({ url }, response) => {
    if (url !== '/api2/json/events') return void response.end(JSON.stringify({ data: url }))
    response.write('one\n')
    response.end('two\n')
  })
  const bindings: BindingStore = {
    find: (_, name) =>
      name === 'pve' ? service.binding({ url: `${service.url}/api2/json/` }) : undefined,
  }
  host = await hostForTest({ bindings })
})

afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

function plugin(
  body: string,
  options: { top?: string; pve?: Permission } = {},
): RunRequest['plugin'] {
  const permissions = { pve: options.pve ?? pve }
  const resources = { node: 'node', vmid: 'vmid' }
  return pluginOf({ top: options.top ?? '', jobs: { go: { permissions, resources, body } } })
}

/** Paths to guest 102, or to anything but guest 101. */
const PATHS = [
  '/nodes/pve1/lxc/102/status',
  '/nodes/pve1/lxc/101/../102/status',
  '/nodes/pve1/lxc/101/%2e%2e/102/status',
  '/nodes/pve1/lxc/101%2f..%2f102/status',
  '/nodes/pve1/lxc/101/%252e%252e/102/status',
  '/nodes/pve1/lxc//102/status',
  '/nodes/pve1/lxc/101;/../102/status',
  '/nodes/pve1/lxc/102;101/status',
  '/nodes/pve1/lxc/102/status?vmid=101',
  '/nodes/pve1/lxc/102/status#/nodes/pve1/lxc/101/status',
  '/nodes/pve1/lxc/102%00101/status',
  '/nodes/pve1/lxc/101%0d%0aX:%20y/status',
  '/nodes/pve1/lxc/101/status HTTP/1.1\r\nHost: x\r\n\r\nGET /nodes/pve1/lxc/102/status',
  '/nodes/pve1/lxc/１０２/status',
  '/nodes/pve1/lxc/%EF%BC%91%EF%BC%90%EF%BC%92/status',
  '/nodes/pve2/lxc/101/status',
  '/nodes/pve1/qemu/101/status',
  '/nodes/pve1/tasks/..%2flxc%2f102%2fstatus',
  '/nodes/pve1/tasks/x%2f..%2f..%2flxc%2f102%2fstatus',
  '/nodes/pve1/tasks/..%3b%2flxc%2f102%2fstatus',
  '/nodes/pve1/tasks/%2e%2e',
  '/nodes/pve1/tasks/..%5clxc%5c102',
  '/../../nodes/pve1/lxc/102/status',
  '//127.0.0.1/nodes/pve1/lxc/102/status',
  'http://127.0.0.1/nodes/pve1/lxc/102/status',
  '@127.0.0.1/',
  '/',
  '',
]

/** Whole requests that a hostile plugin may send. */
const REQUESTS: object[] = [
  ...PATHS.map((path) => ({ method: 'GET', path })),
  ...['POST', 'DELETE', 'PUT', 'get', 'GET /x HTTP/1.1\r\n', 'CONNECT', 'PRI'].map((method) => ({
    method,
    path: '/nodes/pve1/lxc/101/status',
  })),
  ...[
    { newid: 102 },
    { newid: '102' },
    { newid: [101, 102] },
    { NewID: 102 },
    { 'new-id': 102 },
    { 'newid[]': 102 },
    { newid: 101, force: 1 },
    { newid: 101, Force: 1 },
    { newid: 101, ['__proto__']: 1 },
    { newid: 101, _method: 'DELETE' },
  ].flatMap((fields) => [
    { method: 'POST', path: '/nodes/pve1/lxc/101/clone', form: fields },
    { method: 'POST', path: '/nodes/pve1/lxc/101/clone', query: fields },
    { method: 'POST', path: '/nodes/pve1/lxc/102/clone', json: fields },
  ]),
  { method: 'POST', path: '/nodes/pve1/lxc/101/clone', bytes: { $bytes: 'bmV3aWQ9MTAy' } },
  { method: 'POST', path: '/nodes/pve1/batch', json: { vmids: [101, 102] } },
  { method: 'POST', path: '/nodes/pve1/batch', json: { Vmids: [102] } },
  { method: 'POST', path: '/nodes/pve1/batch', json: { 'vmids.0': 102 } },
  { method: 'POST', path: '/nodes/pve1/batch', json: { vmids: { 0: 102 } } },
  ...['host', 'x-http-method-override', 'authorization', 'x-original-url', 'cookie'].map(
    (name) => ({
      method: 'GET',
      path: '/nodes/pve1/lxc/101/status',
      headers: { [name]: '/nodes/pve1/lxc/102/status' },
    }),
  ),
  { method: 'GET', path: '/nodes/pve1/lxc/101/status', url: '/nodes/pve1/lxc/102/status' },
  { method: 'GET', path: { toString: '/nodes/pve1/lxc/101/status' } },
  { method: 'GET', path: ['/nodes/pve1/lxc/101/status'] },
]

describe('a hostile plugin, admitted for guest 101', () => {
  it('reaches nothing else, however it asks', async () => {
    service.received.length = 0
    const body = `
      const requests = JSON.parse(${JSON.stringify(JSON.stringify(REQUESTS))})
      const codes = []
      for (const request of requests) {
        for (const method of ['request', 'open']) {
          try { await use.pve[method](request); codes.push('allowed ' + JSON.stringify(request)) }
          catch (error) { codes.push(error.code) }
        }
      }
      return { codes }`
    const outcome = await host.run(plugin(body), 'go', INPUT)
    expect(codeOf(outcome)).toBe('done')
    const { codes } = (outcome as unknown as { output: { codes: string[] } }).output
    expect(codes).toHaveLength(REQUESTS.length * 2)
    expect([...new Set(codes)].sort()).toEqual([
      'ERR_ARGUMENT_FORM',
      'ERR_HANDLE_DENIED',
      'ERR_JSON_FORM',
    ])
    expect(service.received).toEqual([])
    expect(outcome.events.filter((event) => event.outcome === 'ok')).toEqual([])
  })

  it('reaches nothing else by writing the message itself', async () => {
    service.received.length = 0
    const args = JSON.stringify(JSON.stringify([{ method: 'GET', path: PATHS[0] }]))
    const twice = JSON.stringify(
      `[{"method":"GET","path":"/nodes/pve1/lxc/101/status","path":"${PATHS[0]!}"}]`,
    )
    const call = `type: 'call', runId: 1, handle: 'pve', method: 'request'`
    const body = `
      process.send({ ${call}, callId: 50, args: ${args} })
      process.send({ ${call}, callId: 51, args: ${twice} })
      await new Promise((done) => setTimeout(done, 300))
      return {}`
    await host.run(plugin(body), 'go', INPUT)
    expect(service.received).toEqual([])
  })

  it('reaches guest 101 by another spelling as what was approved, and in the log', async () => {
    service.received.length = 0
    const path = '/nodes/%70ve1/lxc/%31%30%31/st%61tus'
    const query = { secret: 'not for the log' }
    const body = `const { body } = await use.pve.request(${JSON.stringify({ method: 'GET', path, query })})
      return JSON.parse(new TextDecoder().decode(body))`
    const outcome = await host.run(plugin(body), 'go', INPUT)
    const sent = '/api2/json/nodes/pve1/lxc/101/status?secret=not%20for%20the%20log'
    expect(outcome).toMatchObject({ state: 'done', output: { data: sent }, handlesUsed: ['pve'] })
    expect(service.received.map(({ url }) => url)).toEqual([sent])
    expect(outcome.events).toMatchObject([
      { kind: 'endpoint', target: 'GET /nodes/pve1/lxc/101/status', outcome: 'ok' },
    ])
  })

  it('finds the credential nowhere', async () => {
    const body = `
      const seen = []
      for (const path of ['/nodes/pve1/lxc/101/status', '/nodes/pve1/lxc/102/status']) {
        await use.pve.request({ method: 'GET', path }).then(
          (answer) => seen.push(answer.headers, new TextDecoder().decode(answer.body)),
          (error) => seen.push(error.message, error.stack, error.details))
      }
      return { text: JSON.stringify([seen, process.env, process.argv, Object.keys(use.pve)]) }`
    const outcome = await host.run(plugin(body), 'go', INPUT)
    expect(codeOf(outcome)).toBe('done')
    expect(JSON.stringify(outcome)).not.toContain(TOKEN)
    expect(JSON.stringify(outcome)).not.toContain(new URL(service.url).port)
  })

  it('is told which line would allow what it asked for', async () => {
    const request = { method: 'GET', path: '/nodes/pve1/lxc/101/config' }
    const ask = (handle: string) =>
      `return use.${handle}.request(${JSON.stringify(request)}).catch((error) => ({ text: error.message }))`
    const declared = await host.run(plugin(ask('pve')), 'go', INPUT)
    expect(declared).toMatchObject({
      output: { text: expect.stringContaining("'GET /nodes/{node}/lxc/{vmid}/config'") },
    })
    const undeclared = await host.run(plugin(ask('other')), 'go', INPUT)
    expect(undeclared).toMatchObject({
      output: {
        text: expect.stringContaining(
          "permissions: { other: endpoint('name', ['GET /nodes/pve1/lxc/101/config']) } would allow it",
        ),
      },
    })
  })
})

describe('an honest plugin', () => {
  it('rides on a handle with the clients it knows', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `export { asDoRequest, asFetch, readStream } from '@sallyport/sdk'`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'sdk',
      conditions: ['@sallyport/source'],
    })
    const body = `
      const fetched = await sdk.asFetch(use.pve)('/nodes/pve1/lxc/101/status')
      const engine = sdk.asDoRequest(use.pve)
      const done = await engine.doRequest('get', '/api2/json/nodes/pve1/lxc/101/status', 'x')
      let events = ''
      for await (const piece of sdk.readStream(use.pve, { method: 'GET', path: '/events' })) {
        events += new TextDecoder().decode(piece)
      }
      const live = await sdk.asFetch(use.pve)('/events')
      return { fetched: await fetched.json(), done, events, live: await live.text() }`
    const top = `${outputFiles[0]!.text}\n`
    const status = '/api2/json/nodes/pve1/lxc/101/status'
    expect(await host.run(plugin(body, { top }), 'go', INPUT)).toMatchObject({
      state: 'done',
      output: { fetched: { data: status }, done: status, events: 'one\ntwo\n', live: 'one\ntwo\n' },
    })
  })

  it('whose binding is missing is refused before it starts', async () => {
    const unbound = endpoint('nowhere', ['GET /x'])
    const outcome = await host.run(plugin('return {}', { pve: unbound }), 'go', INPUT)
    expect(codeOf(outcome)).toBe('not_bound')
  })
})
