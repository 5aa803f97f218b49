// SPDX-License-Identifier: Apache-2.0
/** Files as a plugin names them: absolute, or `@name/…` below a bound folder whose real place it never learns. */
import { CodedError, pathMatches } from '@sallyport/sdk'
import type { HandleSetting } from './contract.ts'
import { isForbidden, normalisePath } from './host-paths.ts'
import { textArgument } from './arguments.ts'

/** One file: what the plugin calls it, and where it is. Messages to the plugin say the name only. */
export interface NamedPath {
  readonly name: string
  readonly path: string
  /** Throws ERR_HANDLE_DENIED unless the resolved path, seen from here, is approved. */
  readonly check: (resolved: string) => void
}

/** What the paths of one permission open on this host. */
export interface PathScope {
  readonly paths: readonly string[]
  readonly setting: HandleSetting
  /** The permission with these paths, as an author writes it. */
  readonly written: (paths: readonly string[]) => string
}

/**
 * The file that the first argument names.
 *
 * Trust: what is named below a bound folder must resolve to a place below that folder, whatever other paths are approved.
 * Throws: ERR_ARGUMENT_FORM, ERR_HANDLE_DENIED, ERR_NOT_BOUND.
 */
export function namedPath(args: readonly unknown[], scope: PathScope): NamedPath {
  const name = textArgument(args, 0, 'path', 4_096)
  const folder = /^@([^/]*)/.exec(name)?.[1]
  if (folder !== undefined && pathMatches([`@${folder}/**`], name)) {
    return belowFolder(name, folder, scope)
  }
  if (!pathMatches(['/**'], name)) {
    throw denied(`${quotePath(name)} is not an absolute path without . and ..`)
  }
  const check = (resolved: string): void =>
    checkPath(name, normalisePath(resolved), resolved, scope)
  return { name, path: name, check }
}

/** A path as an author writes it. */
export function quotePath(path: string): string {
  return `'${path.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}

/** A name in the folder of another name. */
export function below(folder: string, entry: string): string {
  return `${folder === '/' ? '' : folder}/${entry}`
}

function belowFolder(name: string, folder: string, scope: PathScope): NamedPath {
  const isNamed = scope.paths.some((path) => path.startsWith(`@${folder}/`))
  if (!isNamed) throw outside(quotePath(name), name, scope)
  const root = scope.setting.binding(folder, 'folder').path
  const path = `${root === '/' ? '' : root}${name.slice(folder.length + 1)}` || '/'
  const check = (resolved: string): void => {
    const shown = nameBelow(root, folder, resolved)
    if (shown === undefined) throw denied(`${quotePath(name)} leads out of the bound folder`)
    checkPath(name, shown, resolved, scope)
  }
  return { name, path, check }
}

function nameBelow(root: string, folder: string, resolved: string): string | undefined {
  if (resolved === root) return `@${folder}`
  const inside = root === '/' ? root : `${root}/`
  return resolved.startsWith(inside) ? `@${folder}/${resolved.slice(inside.length)}` : undefined
}

function checkPath(name: string, shown: string, resolved: string, scope: PathScope): void {
  const isCovered = pathMatches(scope.paths, shown)
  if (isCovered && !isForbidden(resolved, scope.setting.stateDirectory)) return
  const leads =
    shown === name ? quotePath(name) : `${quotePath(name)} leads to ${quotePath(shown)}, which`
  if (isCovered) throw denied(`${leads} is never shown to plugins`)
  throw outside(leads, shown, scope)
}

function outside(leads: string, shown: string, { paths, written }: PathScope): CodedError {
  const remedy = `; ${written([...paths, shown])} would allow it`
  return denied(`${leads} is outside ${paths.join(', ')}${remedy}`)
}

function denied(message: string): CodedError {
  return new CodedError('ERR_HANDLE_DENIED', message)
}
