// SPDX-License-Identifier: Apache-2.0
/** A fake service answers, refuses and remembers as a real one behind a handle does. */
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { defineJob, definePlugin, endpoint, manifestOf, route } from '../../src/index.ts'
import type { Permission, RouteScope } from '../../src/index.ts'
import { obey } from '../../src/testing/fake.ts'
import { contractCases, fakeEndpoint, runJob } from '../../src/testing/index.ts'
import { permissionFaults } from '../../src/testing/permission-faults.ts'

const status = 'GET /nodes/{node}/lxc/{vmid}/status'
const pve = endpoint('pve', [
  status,
  route('POST /nodes/{node}/lxc/{vmid}/snapshot', { body: { force: { forbidden: true } } }),
])
const plugin = definePlugin({
  name: 'guests',
  summary: 'Guests of a test',
  jobs: {
    status: defineJob({
      summary: 'Status of a guest',
      effect: 'read',
      input: z.strictObject({
        node: z.string().describe('where it runs'),
        guest: z.int().describe('its number'),
        path: z.string().optional().describe('what to ask for'),
      }),
      output: z.object({ text: z.string() }),
      resources: { node: 'node', vmid: 'guest' },
      permissions: { pve },
      run: async ({ input, use }) => {
        const path = input.path ?? `/nodes/${input.node}/lxc/${input.guest}/status`
        const { body } = await use.pve.request({ method: 'GET', path })
        return { text: new TextDecoder().decode(body) }
      },
    }),
  },
})

const service = () =>
  fakeEndpoint({ [status]: ({ params }) => ({ text: `${params['vmid']} is up` }) })

describe('runJob', () => {
  const input = { node: 'pve1', guest: 101 }

  it('puts a fake service under the resources of the job', async () => {
    const fake = service()
    const { output } = await runJob(plugin, 'status', { input, use: { pve: fake } })
    expect(output).toEqual({ text: '101 is up' })
    expect(fake.calls).toEqual([{ method: 'request', target: 'GET /nodes/pve1/lxc/101/status' }])
  })

  it.each(['/nodes/pve1/lxc/102/status', '/nodes/pve1/lxc/101/../102/status', '/version'])(
    'refuses %s as an agent does',
    async (path) => {
      const fake = service()
      const running = runJob(plugin, 'status', { input: { ...input, path }, use: { pve: fake } })
      await expect(running).rejects.toMatchObject({ code: 'ERR_HANDLE_DENIED' })
      expect(fake.calls).toMatchObject([{ code: 'ERR_HANDLE_DENIED' }])
    },
  )

  it('keeps the contract', async () => {
    const manifest = manifestOf(plugin, '1.0.0')
    const samples = { status: { inputs: [input] } }
    for (const { check } of contractCases(plugin, { manifest, samples })) await check()
  })
})

describe('fakeEndpoint', () => {
  const resources = new Map([
    ['node', ['pve1']],
    ['vmid', ['101']],
  ])
  const post = { method: 'POST', path: '/nodes/pve1/lxc/101/snapshot' }

  it('answers what no route takes with 404, and errors with their code', async () => {
    const fake = fakeEndpoint({ 'GET /down': { code: 'ERR_ENDPOINT_UNREACHABLE' } })
    expect(await fake.request({ method: 'GET', path: '/x' })).toMatchObject({ status: 404 })
    await expect(fake.request({ method: 'GET', path: '/down' })).rejects.toMatchObject({
      code: 'ERR_ENDPOINT_UNREACHABLE',
    })
  })

  it('sees fields, and keeps their constraints', async () => {
    const fake = fakeEndpoint({
      'POST /nodes/{node}/lxc/{vmid}/snapshot': ({ form, params }) => ({ json: { form, params } }),
    })
    const { body } = await fake[obey](pve, resources).request({ ...post, form: { name: 'a' } })
    expect(new TextDecoder().decode(body)).toBe(
      '{"form":{"name":"a"},"params":{"node":"pve1","vmid":"101"}}',
    )
    const forced = fake[obey](pve, resources).request({ ...post, form: { Force: 1 } })
    await expect(forced).rejects.toMatchObject({ code: 'ERR_HANDLE_DENIED' })
  })

  it('sees the values within a segment, and keeps them to the job', async () => {
    const route = 'GET /content/{node}:vm-{vmid}-disk-{disk:number}'
    const fake = fakeEndpoint({ [route]: ({ params }) => ({ json: params }) })
    const handle = fake[obey](endpoint('pve', [route]), resources)
    const ask = (path: string) => handle.request({ method: 'GET', path })
    const { body } = await ask('/content/pve1%3Avm-101-disk-0')
    expect(new TextDecoder().decode(body)).toBe('{"node":"pve1","vmid":"101","disk":"0"}')
    for (const other of ['pve1:vm-102-disk-0', 'pve2:vm-101-disk-0', 'pve1:vm-101-disk-0-1']) {
      await expect(ask(`/content/${other}`)).rejects.toMatchObject({ code: 'ERR_HANDLE_DENIED' })
    }
  })

  it('stops at the approved size', async () => {
    const fake = fakeEndpoint({ 'GET /x': { text: 'x'.repeat(11) } })
    const small = endpoint('svc', ['GET /x'], { maxAnswerBytes: 10 })
    const asking = fake[obey](small).request({ method: 'GET', path: '/x' })
    await expect(asking).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('reads a stream that was opened, and no other', async () => {
    const fake = fakeEndpoint({ 'GET /x': { pieces: ['a'.repeat(70_000)] } })
    const { streamId } = await fake.open({ method: 'GET', path: '/x' })
    expect(await fake.read(streamId)).toHaveLength(65_536)
    expect(await fake.read(streamId)).toHaveLength(4_464)
    expect(await fake.read(streamId)).toBeNull()
    await expect(fake.read(9)).rejects.toMatchObject({ code: 'ERR_ARGUMENT_FORM' })
  })
})

describe('the contract of an endpoint', () => {
  const faults = (routes: readonly RouteScope[], changes: Partial<Permission<'endpoint'>> = {}) =>
    permissionFaults({ ...endpoint('svc', routes), ...changes }, 60_000, ['vmid'])

  it.each<[RegExp, RouteScope]>([
    [/is no route/, { route: 'GET x' }],
    [/no grammar "zip"/, { route: 'GET /{a:zip}' }],
    [/write \{name\}/, { route: 'GET /nodes/*/status' }],
    [/resource node/, { route: 'GET /{node}' }],
    [/resource node/, route('GET /x', { query: { a: { resource: 'node' } } })],
    [/resource node/, route('POST /x', { body: { a: { resource: 'node' } } })],
    [/no name of a field/, route('POST /x', { body: { 'a..b': { equals: 1 } } })],
    [/not a pattern/, route('POST /x', { body: { a: { pattern: '(' } } })],
  ])('catches %s', (fault, scope) => {
    expect(faults([scope]).join()).toMatch(fault)
  })

  it('catches bounds beyond reason, a binding without a name, and no routes', () => {
    expect(faults([], {})).toHaveLength(1)
    expect(faults([{ route: 'GET /x' }], { binding: 'A b' })).toHaveLength(1)
    expect(faults([{ route: 'GET /x' }], { timeoutMs: 60_001 })).toHaveLength(1)
    expect(faults([{ route: 'GET /x' }], { maxBodyBytes: -1 })).toHaveLength(1)
    expect(faults([{ route: 'GET /x' }], { maxAnswerBytes: Infinity })).toHaveLength(1)
    expect(faults([{ route: 'GET /lxc/{vmid}/{a:text}' }])).toEqual([])
  })
})
