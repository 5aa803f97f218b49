// SPDX-License-Identifier: Apache-2.0
/** Permission kind `state`: small values of a plugin's own, in a private folder with a quota. */
import { CodedError } from '@sallyport/sdk'
import { textArgument } from './arguments.ts'
import type { BrokerKind, OpenHandle } from './contract.ts'
import { StateFolder } from './state-folder.ts'

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Longest value; also the longest list of arguments a plugin can send. */
const MAX_VALUE_LENGTH = 1_000_000

/** Keeps values for plugins, shared by all job types of one plugin. */
export const state: BrokerKind<'state'> = {
  methods: ['get', 'set', 'delete', 'keys'],

  open({ maxBytes }, { stateDirectory, pluginName }): OpenHandle {
    const folder = new StateFolder(stateDirectory, pluginName)
    return {
      get: async (args) => ({ value: await folder.get(keyOf(args)) }),
      set: async (args) => {
        const value = textArgument(args, 1, 'value', MAX_VALUE_LENGTH)
        return { value: await folder.set(keyOf(args), value, maxBytes) }
      },
      delete: async (args) => ({ value: await folder.delete(keyOf(args)) }),
      keys: async () => ({ value: await folder.keys() }),
    }
  },

  target: (_, args) => String(args[0] ?? ''),

  suggest: () => 'state()',
}

function keyOf(args: readonly unknown[]): string {
  const key = textArgument(args, 0, 'key', 64)
  if (KEY.test(key)) return key
  throw new CodedError(
    'ERR_ARGUMENT_FORM',
    `a key has letters, digits, ".", "_" and "-", not ${JSON.stringify(key)}`,
  )
}
