// SPDX-License-Identifier: Apache-2.0
/** File descriptors that this process inherited and would pass on to every program it starts. */
import { readFileSync, readdirSync } from 'node:fs'

/** What a started program gets in place of one descriptor. */
export type StdioEntry = 'pipe' | 'ignore' | 'ipc' | number

/** Source: Linux, `include/uapi/asm-generic/fcntl.h`; fdinfo prints flags in octal. */
const O_CLOEXEC = 0o2000000

/**
 * The open descriptors from 3 upwards that a child would inherit.
 *
 * Trust: whoever started this process may have left files or pipes open in it; a plugin must not find them.
 */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > 2 && passesOn(descriptor))
}

/**
 * A `stdio` option that begins with these entries and replaces every inherited descriptor by `blank`.
 *
 * Shape: `blank` is a descriptor of `/dev/null`.
 */
export function withoutInherited(stdio: readonly StdioEntry[], blank: number): StdioEntry[] {
  const replaced = inheritedDescriptors().filter((descriptor) => descriptor >= stdio.length)
  const length = Math.max(stdio.length, ...replaced.map((descriptor) => descriptor + 1))
  return Array.from({ length }, (_, at) => stdio[at] ?? (replaced.includes(at) ? blank : 'ignore'))
}

function passesOn(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
    const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? '0', 8)
    return (flags & O_CLOEXEC) === 0
  } catch {
    return false // Closed since the folder was listed: the descriptor of the listing itself.
  }
}
