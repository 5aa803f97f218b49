// SPDX-License-Identifier: Apache-2.0
/** The rare protocol that needs to see a secret, through the real sandbox. */
import { describe, expect, it } from '@jest/globals'
import { Secret } from '@sallyport/sdk'
import type { Binding } from '../../../src/plugins/bindings/binding.ts'
import { codeOf, hostForTest, pluginOf } from '../support.ts'

const bindings = (bound: Record<string, Binding>) => ({
  find: (_: string, name: string) => bound[name],
})
const body = 'return { length: (await use.door.read()).length }'
const permissions = { door: { kind: 'secret', binding: 'door' } } as const

describe('a plugin with the permission to see a secret', () => {
  it('sees it, and the audit log learns of it without the value', async () => {
    const door: Binding = { kind: 'secret', value: new Secret('open sesame') }
    await using host = await hostForTest({ bindings: bindings({ door }) })
    const outcome = await host.run(pluginOf({ jobs: { try: { permissions, body } } }), 'try')
    expect(outcome).toMatchObject({
      state: 'done',
      output: { length: 11 },
      events: [{ kind: 'secret', method: 'read', target: 'door', outcome: 'ok' }],
    })
    expect(JSON.stringify(outcome)).not.toContain('sesame')
  })

  it('sees none when the name stands for something else', async () => {
    const door: Binding = { kind: 'connect', address: { host: '127.0.0.1', port: 9 } }
    await using host = await hostForTest({ bindings: bindings({ door }) })
    const outcome = await host.run(pluginOf({ jobs: { try: { permissions, body } } }), 'try')
    expect(codeOf(outcome)).toBe('not_bound')
  })
})
