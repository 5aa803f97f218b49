// SPDX-License-Identifier: GPL-3.0-or-later
/** The limits of the client that types the interface do not show. */
import { describe, expect, it } from '@jest/globals'
import type { EndpointRequest } from '@sallyport/sdk'
import { pveOf } from '../src/pve.ts'
import { asked, cut, data, fakeEndpoint, inTurn, refusal } from './support/fake-pve.ts'

const START = 'POST /nodes/{node:text}/qemu/{vmid:text}/status/start'

describe('a path', () => {
  const refused = ['..', '.', '', '1?x=1', '1#y', 'a%2eb', '../101', 'a\\b', '101\n', 'a/./b']

  it.each(refused)('with %j in it goes nowhere', async (part) => {
    const pve = fakeEndpoint({ 'GET /nodes': data([]) })
    await expect(pveOf(pve).nodes.$(part).qemu.$get()).rejects.toThrow(TypeError)
    expect(pve.calls).toEqual([])
  })

  it('may hold the name of a volume, encoded', async () => {
    const paths: string[] = []
    const answer = async ({ path }: EndpointRequest) => {
      paths.push(path)
      return { status: 200, statusText: 'OK', headers: {}, body: bytesOf('{"data":null}') }
    }
    const volume = 'local:backup/vzdump-lxc-101.tar.zst'
    await pveOf({ request: answer }).nodes.$('pve1').storage.$('local').content.$(volume).$get()
    expect(paths).toEqual([
      '/nodes/pve1/storage/local/content/local%3Abackup%2Fvzdump-lxc-101.tar.zst',
    ])
  })
})

describe('a parameter', () => {
  const odd: readonly [string, unknown][] = [
    ['an object', { bridge: 'vmbr0' }],
    ['a list with null', ['a', null]],
    ['a list with undefined', ['a', undefined]],
    ['no number', Number.NaN],
    ['a list of lists', [['a']]],
  ]

  it.each(odd)('that is %s is a mistake of the caller and goes nowhere', async (_, value) => {
    const pve = fakeEndpoint({ [START]: data('UPID') })
    const call = pveOf(pve).nodes.$('pve1').qemu.$(101).status.start
    await expect(call.$post({ machine: value } as never)).rejects.toThrow(/"machine" holds no/)
    expect(pve.calls).toEqual([])
  })

  it('is left out when it is absent, and the object of the caller stays as it was', async () => {
    const forms: unknown[] = []
    const pve = fakeEndpoint({
      [START]: ({ form }) => {
        forms.push(form)
        return data('UPID')
      },
    })
    const params = { timeout: 5, skiplock: true, machine: undefined }
    await pveOf(pve)
      .nodes.$('pve1')
      .qemu.$(101)
      .status.start.$post(params as never)
    expect(forms).toEqual([{ timeout: 5, skiplock: 1 }])
    expect(params).toHaveProperty('machine')
  })
})

describe('a request that only looks', () => {
  it('is tried again when the node did not answer', async () => {
    const pve = fakeEndpoint({
      'GET /nodes': inTurn(cut, refusal(595, 'Connection refused'), data([])),
    })
    await expect(pveOf(pve).nodes.$get()).resolves.toEqual([])
    expect(asked(pve)).toHaveLength(3)
  })

  it('is given up after three tries', async () => {
    const pve = fakeEndpoint({ 'GET /nodes': cut })
    await expect(pveOf(pve).nodes.$get()).rejects.toMatchObject({
      code: 'ERR_ENDPOINT_UNREACHABLE',
    })
    expect(asked(pve)).toHaveLength(3)
  })

  it('is not tried again when Proxmox VE refused it', async () => {
    const pve = fakeEndpoint({
      'GET /nodes': refusal(403, 'Permission check failed (/, Sys.Audit)'),
    })
    await expect(pveOf(pve).nodes.$get()).rejects.toMatchObject({ code: 'ERR_PVE_PERMISSION' })
    expect(asked(pve)).toHaveLength(1)
  })
})

describe('a request that changes', () => {
  it.each([
    ['a cut connection', cut, 'ERR_ENDPOINT_UNREACHABLE'],
    ['an unreachable node', refusal(596, 'Broken pipe'), 'ERR_PVE_NODE_OFFLINE'],
    ['a page of a proxy', { text: '<html>502</html>', status: 502 }, 'ERR_PVE_ANSWER'],
  ])('is made once, whatever comes of it: %s', async (_, answer, code) => {
    const pve = fakeEndpoint({ [START]: answer })
    const call = pveOf(pve).nodes.$('pve1').qemu.$(101).status.start.$post()
    await expect(call).rejects.toMatchObject({ code })
    expect(asked(pve)).toHaveLength(1)
  })
})

describe('an answer', () => {
  it.each([
    ['HTML', { text: '<!doctype html><title>Sign in</title>' }],
    ['half a document', { text: '{"data":{"x":' }],
    ['nothing', { text: '' }],
    ['JSON of something else', { json: { result: [] } }],
    ['bytes that are no text', { bytes: Uint8Array.from([0x7b, 0xff, 0xfe]) }],
    ['a redirect', { status: 302, text: '' }],
    ['not found, as other services say it', { status: 404, json: { error: 'not found' } }],
  ])('that is %s is none of Proxmox VE', async (_, answer) => {
    const pve = fakeEndpoint({ 'GET /version': answer })
    await expect(pveOf(pve).version.$get()).rejects.toMatchObject({ code: 'ERR_PVE_ANSWER' })
  })

  it('of null is an answer', async () => {
    const pve = fakeEndpoint({ 'GET /version': data(null) })
    await expect(pveOf(pve).version.$get()).resolves.toBeNull()
  })
})

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
