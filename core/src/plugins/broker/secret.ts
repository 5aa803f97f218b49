// SPDX-License-Identifier: Apache-2.0
/** Permission kind `secret`: one bound value, for the protocols that no other kind can speak. */
import type { BrokerKind, OpenHandle } from './contract.ts'

/** Shows secrets to plugins. */
export const secret: BrokerKind<'secret'> = {
  methods: ['read'],

  open({ binding: name }, setting): OpenHandle {
    return { read: async () => ({ value: setting.binding(name, 'secret').value.reveal() }) }
  },

  target: ({ binding }) => binding,

  suggest: () => "secret('name')",
}
