// SPDX-License-Identifier: Apache-2.0
/** What an entry is about: guests and nodes by their forms, whoever wrote the input. */
import { describe, expect, it } from '@jest/globals'
import { AuditEntry, MAX_ABOUT, aboutInput, aboutResources } from '@sallyport/core/audit'

describe('what resources are', () => {
  it('is guests and nodes, each once', () => {
    const resources = new Map([
      ['vmid', ['101', '102', '101']],
      ['newid', ['103']],
      ['node', ['pve1']],
      ['target', ['pve2', 'pve1']],
      ['storage', ['local']],
    ])
    expect(aboutResources(resources)).toEqual([
      'guest/101',
      'guest/102',
      'guest/103',
      'node/pve1',
      'node/pve2',
    ])
  })

  it('leaves out what cannot name a guest or a node', () => {
    for (const vmid of ['99', '0101', '1e3', '101/..', '', '1'.repeat(10), '-101']) {
      expect(aboutResources(new Map([['vmid', [vmid]]]))).toEqual([])
    }
    for (const node of ['', '-a', 'a/b', 'a b', 'a'.repeat(64), 'a\nb']) {
      expect(aboutResources(new Map([['node', [node]]]))).toEqual([])
    }
  })

  it('is bounded, and every one of them fits into an entry', () => {
    const many = Array.from({ length: 300 }, (_, n) => String(100_000_000 + n))
    const about = aboutResources(new Map([['vmid', many]]))
    expect(about).toHaveLength(MAX_ABOUT)
    const entry = { index: 0, at: '2026-11-22T08:00:00.000Z', event: 'job.refused', details: {} }
    expect(AuditEntry.parse({ ...entry, about }).about).toEqual(about)
  })
})

describe('what an input is about', () => {
  it('is what the names of its fields say, alone or in a list', () => {
    const input = { vmid: 101, newid: '105', node: ['pve1', 'pve2'], note: 'vmid 102' }
    expect(aboutInput(input)).toEqual(['guest/101', 'guest/105', 'node/pve1', 'node/pve2'])
  })

  it('is nothing for values of other forms and for names that every object has', () => {
    expect(aboutInput({ vmid: { a: 1 }, node: null, target: 1.5, newid: true })).toEqual([])
    const input: Record<string, unknown> = Object.fromEntries([['constructor', '101']])
    expect(aboutInput({ ...input, toString: 101 })).toEqual([])
  })
})
