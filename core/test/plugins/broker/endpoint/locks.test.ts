// SPDX-License-Identifier: Apache-2.0
/** A peer that is not the pinned one is told to the binding before the call fails, and a locked one is called no more. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CodedError, endpoint } from '@sallyport/sdk'
import type {
  BindingLock,
  BindingStore,
  DistrustedPeer,
  EndpointBinding,
  ServicePin,
} from '../../../../src/plugins/bindings/binding.ts'
import { bindingRefusal, findBinding } from '../../../../src/plugins/bindings/find-binding.ts'
import { temporaryFolder, type TemporaryFolder } from '../../support.ts'
import { makeAuthority, type Authority, type Leaf } from './certificates.ts'
import { openHandle, refusal, startService } from './services.ts'

const GET = { method: 'GET', path: '/x' }
const routes = [{ route: 'GET /x' }]

let folder: TemporaryFolder
let own: Authority
let leaf: Leaf
let other: Leaf

beforeAll(async () => {
  folder = await temporaryFolder()
  own = makeAuthority(folder.path)
  leaf = own.leaf('IP:127.0.0.1')
  other = makeAuthority(folder.path).leaf('IP:127.0.0.1')
})

afterAll(() => folder[Symbol.asyncDispose]())

/** Calls a service that shows a leaf; what was told of it. */
async function told(
  shown: Leaf,
  pin: ServicePin,
  onDistrust?: (peer: DistrustedPeer) => void,
): Promise<{ code: string; peers: DistrustedPeer[]; received: number }> {
  const peers: DistrustedPeer[] = []
  await using service = await startService(undefined, { tls: shown })
  const note = onDistrust ?? ((peer: DistrustedPeer): void => void peers.push(peer))
  const handle = openHandle(service.binding({ pin, onDistrust: note }), { routes })
  const { code } = await refusal(handle.request(GET))
  handle.end()
  return { code, peers, received: service.received.length }
}

const untrusted = { code: 'ERR_ENDPOINT_UNTRUSTED', received: 0 }

describe('a peer', () => {
  it('with another certificate than the pinned one is told, by both fingerprints', async () => {
    const pin = { by: 'fingerprint', sha256: leaf.fingerprint } as const
    const peers = [{ pinned: leaf.fingerprint, seen: other.fingerprint }]
    expect(await told(other, pin)).toEqual({ ...untrusted, peers })
  })

  it('that the pinned authority does not vouch for is told', async () => {
    const outcome = await told(other, { by: 'ca', pem: own.ca })
    const peers = [{ pinned: expect.stringMatching(/^CA [0-9a-f]{64}$/), seen: other.fingerprint }]
    expect(outcome).toEqual({ ...untrusted, peers })
  })

  it('that the pinned authority vouches for under another name is told', async () => {
    const elsewhere = own.leaf('IP:127.0.0.2')
    const outcome = await told(elsewhere, { by: 'ca', pem: own.ca })
    expect(outcome).toMatchObject({ ...untrusted, peers: [{ seen: elsewhere.fingerprint }] })
  })

  it.each<[string, () => Leaf, () => ServicePin]>([
    ['out of date', () => own.leaf('IP:127.0.0.1', -1), () => ({ by: 'ca', pem: own.ca })],
    ['of no public authority', () => leaf, () => ({ by: 'public' })],
  ])('%s is refused and not told: it may be the right one', async (_, shown, pin) => {
    expect(await told(shown(), pin())).toEqual({ ...untrusted, peers: [] })
  })

  it('that is the right one is not told', async () => {
    expect(await told(leaf, { by: 'ca', pem: own.ca })).toEqual({
      code: 'none',
      received: 1,
      peers: [],
    })
  })

  it('that cannot be told of fails the call with the reason', async () => {
    const pin = { by: 'fingerprint', sha256: leaf.fingerprint } as const
    const outcome = await told(other, pin, () => {
      throw new CodedError('ERR_STORE_WRITE', 'disk full')
    })
    expect(outcome).toMatchObject({ code: 'ERR_STORE_WRITE', received: 0 })
  })
})

describe('a locked binding', () => {
  const lock: BindingLock = { pinned: 'a', seen: 'b', sinceMs: 0 }
  const job = { permissions: { svc: endpoint('svc', ['GET /x']) } }
  const storeOf = (
    binding: EndpointBinding,
    lockOn: () => BindingLock | undefined,
  ): BindingStore => ({ find: () => binding, lockOn })

  it('is not used any more by a run that used it before', async () => {
    await using service = await startService()
    let isLocked = false
    const store = storeOf(service.binding(), () => (isLocked ? lock : undefined))
    const handle = openHandle(service.binding(), { routes }, { store })
    expect(await refusal(handle.request(GET))).toMatchObject({ code: 'none' })
    isLocked = true
    expect(await refusal(handle.request(GET))).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED' })
    expect(await refusal(handle.open(GET))).toMatchObject({ code: 'ERR_ENDPOINT_UNTRUSTED' })
    expect(service.received).toHaveLength(1)
    handle.end()
  })

  it('refuses every job that needs it, with what was pinned, what was seen and what to do', async () => {
    await using service = await startService()
    const store = storeOf(service.binding(), () => lock)
    expect(bindingRefusal('trial', job, store)).toMatchObject({
      reason: 'binding_locked',
      details: { plugin: 'trial', name: 'svc', pinned: 'a', seen: 'b' },
    })
    expect(bindingRefusal('trial', { permissions: {} }, store)).toBeUndefined()
    expect(() => findBinding(store, 'trial', { name: 'svc', kind: 'endpoint' })).toThrowCode(
      'ERR_ENDPOINT_UNTRUSTED',
    )
  })

  it('counts as locked when that cannot be read', async () => {
    await using service = await startService()
    const store = storeOf(service.binding(), () => {
      throw new CodedError('ERR_STORE_READ', 'damaged')
    })
    expect(bindingRefusal('trial', job, store)).toEqual({
      reason: 'store_unavailable',
      details: { code: 'ERR_STORE_READ' },
    })
  })
})
