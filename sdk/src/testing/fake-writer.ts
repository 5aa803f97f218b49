// SPDX-License-Identifier: Apache-2.0
/** A file tree as data, written through the same handle and under the same refusals as a real one. */
import { CodedError } from '../errors.ts'
import type { FileWriter } from '../handles.ts'
import { pathMatches } from '../scope.ts'
import type { FakeTree } from './fake-files.ts'
import { byteLength, denied, makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/**
 * A `files.write` handle over a tree, which each call changes: look at it after the run, or read it through `fakeFiles`.
 *
 * @example
 * const tree: Record<string, string> = {}
 * await fakeWriter(tree).write('@exports/today.json', '{}')
 * tree // { '@exports/today.json': '{}' }
 */
export function fakeWriter(tree: Record<string, FakeTree[string]> = {}): Fake<'files.write'> {
  return makeFake('files.write', (record, scope): FileWriter => {
    const expectOpen = (path: string): void => {
      const isPath = pathMatches(['/**'], path) || /^@[^/]+\//.test(path)
      const isCovered = scope === undefined || pathMatches(scope.paths, path)
      if (!isPath || !isCovered) throw denied(`writing ${path}`)
      const entry = tree[path]
      if (typeof entry !== 'object' || entry instanceof Uint8Array) return
      throw new CodedError('ERR_FILE_WRITE', `${path} cannot be written`)
    }
    return {
      write: (path, content) =>
        record('write', path, () => {
          expectOpen(path)
          expectSize(content, scope?.maxBytes ?? Infinity)
          tree[path] = typeof content === 'string' ? content : content.slice()
        }),
      remove: (path) =>
        record('remove', path, () => {
          expectOpen(path)
          delete tree[path]
        }),
    }
  })
}

function expectSize(content: string | Uint8Array, maxBytes: number): void {
  const size = typeof content === 'string' ? byteLength(content) : content.length
  if (size > maxBytes)
    throw new CodedError('ERR_LIMIT', `the content has more than ${maxBytes} bytes`)
}
