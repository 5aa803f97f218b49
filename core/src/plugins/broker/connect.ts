// SPDX-License-Identifier: Apache-2.0
/** Permission kind `connect`: connections to one bound TCP or Unix address, relayed by the agent. */
import type { BrokerKind, OpenHandle } from './contract.ts'
import { Connections } from './relay/connections.ts'

/** Connects for plugins. */
export const connect: BrokerKind<'connect'> = {
  methods: ['open'],

  open({ binding: name }, setting): OpenHandle {
    const connections = new Connections(setting)
    return {
      open: async (_, ended) => {
        const { address } = setting.binding(name, 'connect')
        return { value: undefined, socket: await connections.open({ name, address }, ended) }
      },
    }
  },

  target: ({ binding }) => binding,

  suggest: () => "connect('name')",
}
