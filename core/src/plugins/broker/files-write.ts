// SPDX-License-Identifier: Apache-2.0
/** Permission kind `files.write`: files whose resolved path an approved glob covers, replaced whole or removed. */
import { CodedError } from '@sallyport/sdk'
import { bytesArgument, isWrapped } from './arguments.ts'
import type { BrokerKind, OpenHandle } from './contract.ts'
import { Gate } from './gate.ts'
import { namedPath, quotePath, type NamedPath } from './named-path.ts'
import { removeFile, replaceFile } from './write-file.ts'

/** Content of one call, whatever was approved: what the arguments of a call can carry. */
const MAX_CONTENT_BYTES = 1_048_576
const CALL_MS = 30_000

/** Why: as for reading, a call that never comes back must leave file threads to the agent and to other plugins. */
const gate = new Gate({ width: 2, widthPerPlugin: 1, maxMs: CALL_MS })

/** Writes files for plugins. */
export const filesWrite: BrokerKind<'files.write'> = {
  methods: ['write', 'remove'],

  open(permission, setting): OpenHandle {
    const { pluginName } = setting
    const pathOf = (args: readonly unknown[]): NamedPath =>
      namedPath(args, { paths: permission.paths, setting, written })
    return {
      write: async (args, signal) => {
        const file = pathOf(args)
        const content = contentOf(args, permission.maxBytes)
        await gate.pass(pluginName, signal, () => replaceFile(file, content, inTime(signal)))
        return { value: undefined }
      },
      remove: async (args, signal) => {
        const file = pathOf(args)
        await gate.pass(pluginName, signal, () => removeFile(file, inTime(signal)))
        return { value: undefined }
      },
    }
  },

  target: (_, args) => String(args[0] ?? ''),

  suggest: (_, args) => written([typeof args[0] === 'string' ? args[0] : '/path/to/file']),
}

/** Why: what was given up as too slow must not be done later. */
function inTime(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
}

function written(paths: readonly string[]): string {
  return `files.write([${paths.map(quotePath).join(', ')}])`
}

/** The content as bytes. Why not `textArgument`: a content may hold any character. */
function contentOf(args: readonly unknown[], maxBytes: number): Uint8Array {
  const given = args[1]
  const content = isWrapped(given)
    ? bytesArgument(args, 1, 'content', 2 * MAX_CONTENT_BYTES)
    : new TextEncoder().encode(textOf(given))
  const allowed = Math.min(maxBytes, MAX_CONTENT_BYTES)
  if (content.byteLength <= allowed) return content
  const message = `the content has ${content.byteLength} bytes, more than the allowed ${allowed}`
  throw new CodedError('ERR_LIMIT', message)
}

function textOf(given: unknown): string {
  if (typeof given === 'string') return given
  throw new CodedError('ERR_ARGUMENT_FORM', 'content must be a text or bytes')
}
