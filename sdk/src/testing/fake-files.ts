// SPDX-License-Identifier: Apache-2.0
/** A file tree as data, read through the same handle and under the same refusals as a real one. */
import { CodedError } from '../errors.ts'
import type { FileReader } from '../handles.ts'
import { pathMatches } from '../scope.ts'
import { denied, leads, makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/** A file's text or bytes, `{ link }` to another path, or `{ code }` of the error that reading it throws. */
export type FakeFile = string | Uint8Array | { readonly link: string } | { readonly code: string }

/** Files by absolute path, or by `@name/…` below a bound folder; folders are implied. */
export type FakeTree = Readonly<Record<string, FakeFile>>

/** As much as an agent reads of one file. */
const MAX_FILE_BYTES = 1_048_576

/**
 * A `files.read` handle over a tree. The tree is read at each call, so a test may change it in between.
 *
 * @example
 * const proc = fakeFiles({ '/proc/uptime': '12.5 3.0\n' })
 * await proc.text('/proc/uptime')
 * proc.calls // [{ method: 'text', target: '/proc/uptime' }]
 */
export function fakeFiles(tree: FakeTree): Fake<'files.read'> {
  const fake = makeFake('files.read', (record, permission): FileReader => {
    const resolve = (path: string): string => {
      const resolved = resolvePath(tree, path)
      if (!permission || pathMatches(permission.paths, resolved)) return resolved
      throw denied(`reading ${path}`)
    }
    return {
      text: (path) => record('text', path, () => textOf(readFile(tree, resolve(path)))),
      bytes: (path) => record('bytes', path, () => bytesOf(readFile(tree, resolve(path)))),
      list: (path) => record('list', path, () => listFolder(tree, path, resolve(path))),
    }
  })
  return Object.assign(fake, { [leads]: (path: string) => whereTo(tree, path) })
}

/** Where a path leads to; itself when it is none or leads in circles. */
function whereTo(tree: FakeTree, path: string): string {
  try {
    return resolvePath(tree, path)
  } catch {
    return path
  }
}

function resolvePath(tree: FakeTree, path: string): string {
  const folder = /^@[^/]*/.exec(path)?.[0]
  if (folder !== undefined && pathMatches([`${folder}/**`], path)) return path
  if (!pathMatches(['/**'], path)) throw denied(`the path ${JSON.stringify(path)}`)
  let resolved = ''
  let hopCount = 0
  let rest = path.split('/').slice(1)
  while (rest.length > 0) {
    resolved = `${resolved}/${rest.shift()!}`
    const entry = tree[resolved]
    if (!isLink(entry)) continue
    if (++hopCount > 40) throw new CodedError('ERR_FILE_READ', `too many links at ${path}`)
    rest = [...entry.link.split('/').slice(1), ...rest]
    resolved = ''
  }
  return resolved
}

function isLink(entry: FakeFile | undefined): entry is { link: string } {
  return typeof entry === 'object' && 'link' in entry
}

function readFile(tree: FakeTree, path: string): string | Uint8Array {
  const entry = tree[path]
  if (typeof entry === 'string' || entry instanceof Uint8Array) return withinLimit(path, entry)
  if (entry !== undefined && 'code' in entry) {
    throw new CodedError(entry.code, `${path} cannot be read`)
  }
  if (isFolder(tree, path)) throw new CodedError('ERR_FILE_READ', `${path} is a folder`)
  throw new CodedError('ERR_FILE_NOT_FOUND', `there is no ${path}`)
}

function withinLimit<T extends string | Uint8Array>(path: string, content: T): T {
  if (bytesOf(content).length <= MAX_FILE_BYTES) return content
  throw new CodedError('ERR_LIMIT', `${path} has more than ${MAX_FILE_BYTES} bytes`)
}

function isFolder(tree: FakeTree, path: string): boolean {
  return Object.keys(tree).some((name) => name.startsWith(`${path}/`))
}

function listFolder(tree: FakeTree, asked: string, resolved: string): string[] {
  const inside = Object.keys(tree).filter((name) => name.startsWith(`${resolved}/`))
  const names = inside.map((name) => name.slice(resolved.length + 1).split('/')[0]!)
  return [...new Set(names)].sort().map((name) => `${asked}/${name}`)
}

function textOf(content: string | Uint8Array): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content)
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content.slice()
}
