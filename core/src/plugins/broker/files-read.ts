// SPDX-License-Identifier: Apache-2.0
/** Permission kind `files.read`: files and folders whose resolved path an approved glob covers. */
import { CodedError, pathMatches, type Permission } from '@sallyport/sdk'
import { textArgument } from './arguments.ts'
import type { BrokerKind, HandleSetting, OpenHandle } from './contract.ts'
import { Gate } from './gate.ts'
import { isForbidden, normalisePath } from './host-paths.ts'
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
    const check = pathCheck(permission, setting)
    const read = (args: readonly unknown[], signal: AbortSignal): Promise<Uint8Array> =>
      gate.pass(pluginName, signal, () => readWholeFile(pathOf(args), check, MAX_FILE_BYTES))
    return {
      text: async (args, signal) => ({ value: new TextDecoder().decode(await read(args, signal)) }),
      bytes: async (args, signal) => ({ value: await read(args, signal) }),
      list: async (args, signal) => {
        const path = pathOf(args)
        const names = await gate.pass(pluginName, signal, () =>
          listFolder(path, check, MAX_ENTRIES),
        )
        return { value: names.map((name) => `${path === '/' ? '' : path}/${name}`) }
      },
    }
  },

  target: (_, args) => String(args[0] ?? ''),

  suggest: (_, args) =>
    `files.read(${quote(typeof args[0] === 'string' ? args[0] : '/path/to/file')})`,
}

/**
 * What a resolved path must pass. A path that was only asked for (because nothing is there) must pass it as well, so
 * that a plugin cannot find out what exists elsewhere.
 */
function pathCheck(
  permission: Permission<'files.read'>,
  setting: HandleSetting,
): (asked: string, resolved: string) => void {
  return (asked, resolved) => {
    const shown = normalisePath(resolved)
    const isCovered = pathMatches(permission.paths, shown)
    if (isCovered && !isForbidden(resolved, setting.stateDirectory)) return
    const leads = shown === asked ? quote(asked) : `${quote(asked)} leads to ${quote(shown)}, which`
    const why = isCovered
      ? 'is never shown to plugins'
      : `is outside ${permission.paths.join(', ')}`
    const remedy = isCovered
      ? ''
      : `; files.read(${[...permission.paths, shown].map(quote).join(', ')}) would allow it`
    throw new CodedError('ERR_HANDLE_DENIED', `${leads} ${why}${remedy}`)
  }
}

/** An absolute path without empty, `.` or `..` segments. */
function pathOf(args: readonly unknown[]): string {
  const path = textArgument(args, 0, 'path', 4_096)
  if (pathMatches(['/**'], path)) return path
  throw new CodedError(
    'ERR_HANDLE_DENIED',
    `${quote(path)} is not an absolute path without . and ..`,
  )
}

function quote(path: string): string {
  return `'${path.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}
