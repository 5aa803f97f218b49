// SPDX-License-Identifier: Apache-2.0
/** Which error codes the sources name. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './generated.ts'

/** A plugin has codes of its own, which its README explains. */
const SOURCES = ['{sdk,core,hub,agent,cli}/{src,bin}/**/*', 'tools/{run.cjs,new-plugin.ts}']

/** The table itself does not count as a use. */
const TABLE = /^core\/src\/protocol\/errors\//

/** Codes of Node and of vendor packages that our sources compare with. */
export const FOREIGN_CODES: ReadonlySet<string> = new Set([
  'ERR_HTTP_REQUEST_TIMEOUT',
  'ERR_SCRIPT_EXECUTION_TIMEOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_SQLITE_ERROR',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])

/** A code in full; a beginning such as `ERR_JSON_` is not one, nor is a code of a vendor (`UND_ERR_…`). */
const CODE = /(?<![A-Z0-9_])ERR_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_])/g

/** The codes that a text names, each once. */
export function codesIn(text: string): string[] {
  return [...new Set(text.match(CODE) ?? [])].filter((code) => !FOREIGN_CODES.has(code))
}

/** A text without the examples in its comments, which may name the codes of a plugin. */
function withoutExamples(text: string): string {
  return text.replace(/@example[\s\S]*?\*\//g, '')
}

/** Every code that a source names, with the files that do. */
export function codesInSources(): Map<string, string[]> {
  const files = globSync(SOURCES, { cwd: repositoryRoot, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1))
    .filter((path) => !TABLE.test(path))
    .sort()
  const found = new Map<string, string[]>()
  for (const file of files) {
    for (const code of codesIn(withoutExamples(readFileSync(join(repositoryRoot, file), 'utf8')))) {
      found.set(code, [...(found.get(code) ?? []), file])
    }
  }
  return found
}
