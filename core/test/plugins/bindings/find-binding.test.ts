// SPDX-License-Identifier: Apache-2.0
/** From names to what they stand for: of the right kind, or missing; unreadable bindings are missing and say so. */
import { describe, expect, it } from '@jest/globals'
import { CodedError, type Permissions } from '@sallyport/sdk'
import type { Binding, BindingStore } from '../../../src/plugins/bindings/binding.ts'
import { findBinding, unboundNames } from '../../../src/plugins/bindings/find-binding.ts'
import { codeOf, hostForTest, pluginOf } from '../support.ts'

const folder: Binding = { kind: 'folder', path: '/srv' }
const store: BindingStore = {
  find: (plugin, name) => (plugin === 'trial' && name === 'exports' ? folder : undefined),
}
const damaged: BindingStore = {
  find: () => {
    throw new CodedError('ERR_BINDINGS_FILE', 'damaged')
  },
}
const permissions: Permissions = {
  out: { kind: 'files.write', paths: ['@exports/**', '@exports/a', '/tmp/x'], maxBytes: 1 },
  api: { kind: 'connect', binding: 'exports' },
  token: { kind: 'secret', binding: 'token' },
  cache: { kind: 'state', maxBytes: 1 },
}

describe('a name', () => {
  it('stands for what is bound to it for this plugin, of this kind', () => {
    expect(findBinding(store, 'trial', { name: 'exports', kind: 'folder' })).toEqual(folder)
    const find = (plugin: string, name: string, kind: Binding['kind']) => () =>
      findBinding(store, plugin, { name, kind })
    expect(find('trial', 'exports', 'secret')).toThrowCode('ERR_NOT_BOUND')
    expect(find('trial', 'other', 'folder')).toThrowCode('ERR_NOT_BOUND')
    expect(find('other', 'exports', 'folder')).toThrowCode('ERR_NOT_BOUND')
  })

  it('is missing when nothing, or something of another kind, is bound to it', () => {
    expect(unboundNames('trial', { permissions }, store)).toEqual([
      'connect exports',
      'secret token',
    ])
  })

  it('is missing when the bindings cannot be read, and says why', () => {
    expect(unboundNames('trial', { permissions }, damaged)).toEqual([
      'connect exports (ERR_BINDINGS_FILE)',
      'folder exports (ERR_BINDINGS_FILE)',
      'secret token (ERR_BINDINGS_FILE)',
    ])
  })

  it('that is missing refuses the job that needs it and no other', async () => {
    await using host = await hostForTest({ bindings: damaged })
    const plugin = pluginOf({
      jobs: {
        needs: { permissions: { token: permissions['token']! }, body: 'return {}' },
        free: { body: 'return { ran: true }' },
      },
    })
    expect(codeOf(await host.run(plugin, 'needs'))).toBe('not_bound')
    expect(codeOf(await host.run(plugin, 'free'))).toBe('done')
  })
})
