// SPDX-License-Identifier: Apache-2.0
/** Approvals: the right one is found, whatever the order of arrival, and what is held stays bounded. */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { MAX_BUNDLE_BYTES, type Revocation } from '@sallyport/core/protocol'
import {
  APPROVAL_LIMITS,
  SqliteApprovalStore,
  type ApprovalLimits,
} from '../../src/stores/sqlite-approvals.ts'
import { SqliteConnection } from '../../src/stores/sqlite-connection.ts'
import { makeSchema } from '../../src/stores/sqlite-schema.ts'
import { NOW_MS, approvalOf, digestOf, makeFolder, removeFolders } from './agent-store-fixture.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let connection: SqliteConnection
let approvals: SqliteApprovalStore

beforeEach(() => open())
afterAll(removeFolders)

function open(limits: Partial<ApprovalLimits> = {}): void {
  connection = new SqliteConnection(join(makeFolder(), 'agent.db'), { readOnly: false })
  makeSchema(connection)
  approvals = new SqliteApprovalStore(connection, { ...APPROVAL_LIMITS, ...limits })
}

/** Accepts the n-th approval and bundle. */
function accept(
  n: number,
  issuedAfterHours: number,
  more: { plugin?: string; atMs?: number } = {},
): void {
  const { plugin, atMs = NOW_MS } = more
  connection.transaction(() => {
    approvals.putBundle(digestOf(n), Uint8Array.of(n))
    approvals.put(approvalOf(n, issuedAfterHours, plugin), Uint8Array.of(100 + n), atMs)
  })
}

const found = (plugin = 'sensors'): number | undefined => approvals.find(plugin)?.bundle?.[0]

/** The bundles of all approvals held, in the order of the list. */
const listed = (): (number | undefined)[] => [...approvals.list()].map(({ bundle }) => bundle?.[0])

describe('an approval', () => {
  it('is found by the name of its plugin, with the bytes that were accepted', () => {
    accept(1, 0)
    accept(2, 0, { plugin: 'proxmox' })
    expect(approvals.find('sensors')).toEqual({
      approval: Uint8Array.of(101),
      bundle: Uint8Array.of(1),
    })
    expect([found('proxmox'), found('docker')]).toEqual([2, undefined])
  })

  it('is the most recently issued one, not the last to arrive', () => {
    accept(1, 2)
    accept(2, 3)
    accept(3, 1)
    expect(found()).toBe(2)
  })

  it('stays the one that counts when it has ended before an older one does', () => {
    accept(1, 5)
    accept(2, 0)
    accept(3, 24 * 40, { plugin: 'zfs', atMs: NOW_MS + 39 * DAY_MS })
    expect(found()).toBe(1)
  })

  it('that arrives twice is kept once, as it was first', () => {
    accept(1, 0)
    connection.transaction(() => approvals.put(approvalOf(1, 9), Uint8Array.of(9), NOW_MS))
    expect(listed()).toEqual([1])
    expect(approvals.find('sensors')?.approval).toEqual(Uint8Array.of(101))
  })

  it('is listed by plugin, the most recently issued first, with its bytes', () => {
    accept(1, 0, { plugin: 'zfs' })
    accept(2, 0)
    accept(3, 1)
    expect([...approvals.list()]).toEqual([
      { name: 'sensors', approval: Uint8Array.of(103), bundle: Uint8Array.of(3) },
      { name: 'sensors', approval: Uint8Array.of(102), bundle: Uint8Array.of(2) },
      { name: 'zfs', approval: Uint8Array.of(101), bundle: Uint8Array.of(1) },
    ])
  })

  it('is concerned when its plugin, its bundle or its publisher is', () => {
    accept(1, 0)
    accept(2, 1)
    accept(3, 0, { plugin: 'zfs' })
    const concerned = (subject: Revocation['subject'], afterHours = 1) =>
      approvals.concernedBy({ subject, issuedAt: approvalOf(1, afterHours).issuedAt })
    const digests = (subject: Revocation['subject'], afterHours = 1): string[] =>
      concerned(subject, afterHours).map(({ digest }) => digest)
    expect(digests({ plugin: 'sensors' })).toEqual([digestOf(1), digestOf(2)])
    expect(digests({ digest: digestOf(2) })).toEqual([digestOf(2)])
    expect(digests({ publisherKey: approvalOf(1, 0).publisher.key })).toHaveLength(3)
    expect(digests({ plugin: 'docker' })).toEqual([])
    expect(concerned({ plugin: 'zfs' })).toEqual([approvalOf(3, 0, 'zfs').plugin])
    expect(digests({ plugin: 'sensors' }, 0)).toEqual([digestOf(1)])
  })

  it('needs the bundle it names', () => {
    const alone = (): unknown =>
      connection.transaction(() => approvals.put(approvalOf(1, 0), new Uint8Array(), NOW_MS))
    expect(alone).toThrowCode('ERR_STORE_WRITE')
  })

  it('is forgotten long after its end once it was replaced, with its bundle if no other approval names it', () => {
    accept(1, 0)
    accept(2, 0)
    const later = NOW_MS + DAY_MS + APPROVAL_LIMITS.keptAfterExpiryMs
    accept(3, 24 * 30, { atMs: later })
    expect(listed()).toEqual([3, 2, 1])
    connection.transaction(() => {
      approvals.putBundle(digestOf(4), Uint8Array.of(4))
      approvals.put(
        { ...approvalOf(4, 24 * 31), plugin: approvalOf(2, 0).plugin },
        new Uint8Array(),
        later + 1,
      )
    })
    expect(listed()).toEqual([2, 3])
    expect([1, 2, 3, 4].map((n) => approvals.hasBundle(digestOf(n)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('is never forgotten as long as it is the newest of its plugin', () => {
    accept(1, 0)
    accept(2, 24 * 400, { plugin: 'zfs', atMs: NOW_MS + 400 * DAY_MS })
    expect([found(), found('zfs')]).toEqual([1, 2])
  })

  it('is refused when there are too many', () => {
    open({ maxApprovals: 2 })
    accept(1, 0)
    accept(2, 0)
    expect(() => accept(3, 0)).toThrowCode('ERR_STORE_FULL')
    expect(listed()).toHaveLength(2)
  })
})

describe('a bundle', () => {
  it('is kept once', () => {
    accept(1, 0)
    connection.transaction(() => approvals.putBundle(digestOf(1), Uint8Array.of(9)))
    expect(found()).toBe(1)
  })

  it('is refused when it is larger than a bundle, or all together are too large', () => {
    const large = new Uint8Array(MAX_BUNDLE_BYTES + 1)
    const put = (n: number, bytes: Uint8Array) => (): unknown =>
      connection.transaction(() => approvals.putBundle(digestOf(n), bytes))
    expect(put(1, large)).toThrowCode('ERR_STORE_WRITE')
    open({ maxBundlesBytes: 10 })
    put(1, new Uint8Array(10))()
    expect(put(2, new Uint8Array(1))).toThrowCode('ERR_STORE_FULL')
  })
})
