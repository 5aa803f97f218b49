// SPDX-License-Identifier: Apache-2.0
/** Paths of the host that no glob opens, and how paths of the agent's own process are written. */

/** What a process tells of itself that concerns the whole host; the rest (memory, environment, files) is private. */
const OPEN_IN_SELF: ReadonlySet<string> = new Set(['mounts', 'mountinfo', 'net/dev'])

/** Memory, symbols, messages and keys of the kernel. */
const CLOSED_IN_PROC = /^\/proc\/(?:kcore|vmcore|kmsg|kallsyms|keys|key-users|kpage[a-z]+)$/

/** Resolved path with the agent's own process written as `/proc/self`, the way an approved glob names it. */
export function normalisePath(resolved: string): string {
  return resolved.replace(new RegExp(`^/proc/${process.pid}(?=/|$)`), '/proc/self')
}

/**
 * Whether a resolved path is closed to plugins whatever was approved: processes under /proc but for a few host-wide
 * tables, the inside of the kernel, and all that belongs to the agent.
 *
 * Trust: `/proc/<pid>` holds memory, environment and open files, also those of the agent with its keys.
 */
export function isForbidden(resolved: string, stateDirectory: string): boolean {
  if (resolved === stateDirectory || resolved.startsWith(`${stateDirectory}/`)) return true
  if (CLOSED_IN_PROC.test(resolved)) return true
  const inProcess = /^\/proc\/(?:self|thread-self|[0-9]+)(?:\/(.*))?$/.exec(normalisePath(resolved))
  if (inProcess === null) return false
  const isOwn = normalisePath(resolved).startsWith('/proc/self/')
  return !(isOwn && OPEN_IN_SELF.has(inProcess[1] ?? ''))
}
