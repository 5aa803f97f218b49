// SPDX-License-Identifier: Apache-2.0
/** Locks on bindings outlive the agent, one for each name. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteAgentStore } from '../../src/stores/index.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-locks-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const store = () => openSqliteAgentStore(join(folder, 'agent.db'), { clock: { now: () => 1_000 } })
const lock = (name: string, seen = 'b') => ({
  ...{ pluginName: 'proxmox', name, stamp: 's', pinned: 'a', seen, sinceMs: 5 },
})

describe('the locks of an agent', () => {
  it('are there after a restart, and read by name or all together', () => {
    using first = store()
    first.transaction(() => {
      first.bindingLocks.put(lock('pve'))
      first.bindingLocks.put(lock('other'))
    })
    first[Symbol.dispose]()
    using second = store()
    expect(second.bindingLocks.find('proxmox', 'pve')).toEqual(lock('pve'))
    expect(second.bindingLocks.find('docker', 'pve')).toBeUndefined()
    expect(second.bindingLocks.list()).toEqual([lock('other'), lock('pve')])
  })

  it('are one for each name, the newest', () => {
    using opened = store()
    opened.transaction(() => opened.bindingLocks.put(lock('pve')))
    opened.transaction(() => opened.bindingLocks.put(lock('pve', 'c')))
    expect(opened.bindingLocks.list()).toEqual([lock('pve', 'c')])
  })

  it('are lifted by name', () => {
    using opened = store()
    opened.transaction(() => opened.bindingLocks.put(lock('pve')))
    expect(opened.transaction(() => opened.bindingLocks.lift('proxmox', 'other'))).toBe(false)
    expect(opened.transaction(() => opened.bindingLocks.lift('proxmox', 'pve'))).toBe(true)
    expect(opened.bindingLocks.list()).toEqual([])
  })

  it('are written in a transaction only', () => {
    using opened = store()
    expect(() => opened.bindingLocks.put(lock('pve'))).toThrowCode('ERR_STORE_NO_TRANSACTION')
  })
})
