// SPDX-License-Identifier: Apache-2.0
/** The second wall: how Node itself is started inside the first one. */

/** Share of a plugin's memory that V8 may use for JavaScript objects; the rest is code, stacks and buffers. */
const HEAP_SHARE = 0.5

/**
 * Flags of the second wall.
 *
 * Trust: `--permission` without any grant denies files, network, processes, threads, add-ons, FFI, WASI and the
 * inspector. What it is known to miss is closed by the rest: `node:sqlite` opens files by itself, V8 flags may name
 * files to write, SIGUSR1 opens an inspector.
 */
export const INNER_WALL: readonly string[] = [
  '--permission',
  '--no-experimental-sqlite',
  '--no-experimental-webstorage',
  '--no-addons',
  '--disallow-code-generation-from-strings',
  '--freeze-flags-after-init',
  '--disable-sigusr1',
]

/** Arguments of a Node that takes an ES module from standard input and keeps its heap within the limit. */
export function nodeArguments(wall: readonly string[], memoryLimitBytes: number): string[] {
  const heapMiB = Math.max(16, Math.floor((memoryLimitBytes * HEAP_SHARE) / 1_048_576))
  return [...wall, `--max-old-space-size=${heapMiB}`, '--no-warnings', '--input-type=module', '-']
}
