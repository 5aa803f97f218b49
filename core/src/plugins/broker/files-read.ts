// SPDX-License-Identifier: Apache-2.0
/** Permission kind `files.read`: files and folders whose resolved path an approved glob covers. */
import type { BrokerKind, OpenHandle } from './contract.ts'
import { Gate } from './gate.ts'
import { below, namedPath, quotePath, type NamedPath } from './named-path.ts'
import { listFolder, readWholeFile } from './open-file.ts'

/** Size of one file. Files under /proc and /sys tell no size, so they are read up to this. */
const MAX_FILE_BYTES = 1_048_576
const MAX_ENTRIES = 10_000
const CALL_MS = 10_000

/**
 * Why: a read that never comes back (a dead network share, a sick sensor) keeps one of Node's four file threads. Three
 * at a time leave one to the agent, two for a plugin leave one to the other plugins.
 */
const gate = new Gate({ width: 3, widthPerPlugin: 2, maxMs: CALL_MS })

/** Reads files for plugins. */
export const filesRead: BrokerKind<'files.read'> = {
  methods: ['text', 'bytes', 'list'],

  open(permission, setting): OpenHandle {
    const { pluginName } = setting
    const written = (paths: readonly string[]): string =>
      `files.read(${paths.map(quotePath).join(', ')})`
    const pathOf = (args: readonly unknown[]): NamedPath =>
      namedPath(args, { paths: permission.paths, setting, written })
    const read = async (args: readonly unknown[], signal: AbortSignal): Promise<Uint8Array> => {
      const file = pathOf(args)
      return gate.pass(pluginName, signal, () => readWholeFile(file, MAX_FILE_BYTES))
    }
    return {
      text: async (args, signal) => ({ value: new TextDecoder().decode(await read(args, signal)) }),
      bytes: async (args, signal) => ({ value: await read(args, signal) }),
      list: async (args, signal) => {
        const folder = pathOf(args)
        const names = await gate.pass(pluginName, signal, () => listFolder(folder, MAX_ENTRIES))
        return { value: names.map((name) => below(folder.name, name)) }
      },
    }
  },

  target: (_, args) => String(args[0] ?? ''),

  suggest: (_, args) =>
    `files.read(${quotePath(typeof args[0] === 'string' ? args[0] : '/path/to/file')})`,
}
