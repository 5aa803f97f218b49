// SPDX-License-Identifier: Apache-2.0
/** Whatever path a plugin writes, a real service sees one that was approved. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openHandle, startService, type HandleForTest, type ServiceForTest } from './services.ts'

const routes = [
  { route: 'GET /nodes/{node}/lxc/{vmid}/status' },
  { route: 'GET /tasks/{upid:text}' },
  { route: 'GET /by/{id:id}/list' },
  { route: 'GET /own/{node}:{type:id}:{vmid}:/log' },
]

let service: ServiceForTest
let handle: HandleForTest

beforeAll(async () => {
  service = await startService()
  const resources = { node: ['pve1'], vmid: ['101', '103'] }
  handle = openHandle(service.binding({ url: `${service.url}/base` }), { routes }, { resources })
})

afterAll(async () => {
  handle.end()
  await service[Symbol.asyncDispose]()
})

const piece = fc.constantFrom(
  ...[
    'nodes',
    'pve1',
    'lxc',
    '101',
    '102',
    'status',
    'tasks',
    'by',
    'list',
    'base',
    'own',
    'pve1:start:101:',
    'Nodes',
    'PVE1',
  ],
  ...[
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%252e',
    '%2f',
    '%5c',
    '\\',
    ';',
    ';x',
    '?',
    '#',
    '%00',
    '%0a',
    ' ',
  ],
  ...['ä', '%C3%A4', '１０１', '%EF%BC%8E', '%c0%ae', '%', '%3', '+', '@', ':', '*', '//', ''],
)
const segment = fc.array(piece, { maxLength: 3 }).map((parts) => parts.join(''))
const near = fc
  .tuple(segment, segment, segment, segment, segment)
  .map((parts) => ['nodes', 'pve1', 'lxc', '101', 'status'].map((good, at) => parts[at] || good))
const path = fc.oneof(
  near.map((parts) => `/${parts.join('/')}`),
  segment.map((part) => `/tasks/${part}`),
  fc.tuple(segment, segment, segment).map((parts) => {
    const [node, type, vmid] = ['pve1', 'start', '101'].map((good, at) => parts[at] || good)
    return `/own/${node}:${type}:${vmid}:/log`
  }),
  fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  fc.string({ maxLength: 20, unit: 'binary' }).map((text) => `/tasks/${text}`),
  fc
    .string({ maxLength: 20, unit: 'grapheme' })
    .map((text) => `/tasks/${encodeURIComponent(text.toWellFormed())}`),
)

/** Whether a path as it reached the service is one of the approved, read as a service reads it. */
function isApproved(url: string): boolean {
  if (new URL(url, 'http://x').pathname !== url) return false
  const [empty, base, ...segments] = url.split('/').map(decodeURIComponent)
  if (empty !== '' || base !== 'base') return false
  const [first, second = '', third, fourth = '', fifth] = segments
  switch (`${first} ${segments.length}`) {
    case 'nodes 5':
      return (
        second === 'pve1' &&
        third === 'lxc' &&
        ['101', '103'].includes(fourth) &&
        fifth === 'status'
      )
    case 'by 3':
      return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(second) && third === 'list'
    case 'own 3':
      return /^pve1:[A-Za-z0-9][A-Za-z0-9._-]*:(?:101|103):$/.test(second) && third === 'log'
    case 'tasks 2':
      return !/[\\\p{C}]/u.test(second) && !second.split('/').some((part) => /^\.{0,2}$/.test(part))
    default:
      return false
  }
}

describe('a path that a plugin writes', () => {
  it('reaches the service as an approved one, or not at all', async () => {
    let sentCount = 0
    await fc.assert(
      fc.asyncProperty(path, async (asked) => {
        service.received.length = 0
        const isSent = await handle.request({ method: 'GET', path: asked }).then(
          () => true,
          (error: { code: string }) => {
            expect(error.code).toBe('ERR_HANDLE_DENIED')
            return false
          },
        )
        expect(service.received).toHaveLength(isSent ? 1 : 0)
        if (!isSent) return
        sentCount += 1
        expect([service.received[0]!.url, isApproved(service.received[0]!.url)]).toEqual([
          service.received[0]!.url,
          true,
        ])
      }),
      { numRuns: 600 },
    )
    expect(sentCount).toBeGreaterThan(20)
  })
})
