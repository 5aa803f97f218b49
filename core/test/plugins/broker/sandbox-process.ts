// SPDX-License-Identifier: Apache-2.0
/** Looks from outside at the one sandboxed process that this test process has started. */
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { descendantsOf } from '../../../src/plugins/sandbox/process-tree.ts'

const CHUNK_BYTES = 1_048_576

/** The number of the Node inside the sandbox. */
export function sandboxedPid(): number {
  const found = descendantsOf(process.pid).filter((pid) => commandOf(pid).startsWith('/node\0'))
  if (found.length !== 1) throw new Error(`there are ${found.length} sandboxed processes`)
  return found[0]!
}

/** Nothing for a process that has just ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

/** Packets that have passed any interface of a process's network, in both directions, and the interfaces' names. */
export function packetsOf(pid: number): { names: string[]; packetCount: number } {
  // Source: proc_pid_net(5): after two lines of headings, the name, then 8 receive and 8 transmit columns.
  const rows = readFileSync(`/proc/${pid}/net/dev`, 'utf8')
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.trim().split(/[\s:]+/))
  const packetCount = rows.reduce((sum, row) => sum + Number(row[2]) + Number(row[10]), 0)
  return { names: rows.map(([name]) => name!), packetCount }
}

/** Open descriptors of this process. */
export function descriptorCount(): number {
  return readdirSync('/proc/self/fd').length
}

/** Which of these bytes are in the memory of a process, by their place in the list. */
export function foundInMemory(pid: number, wanted: readonly Uint8Array[]): number[] {
  const found = new Set<number>()
  const longest = Math.max(...wanted.map(({ length }) => length))
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.alloc(CHUNK_BYTES + longest)
  for (const [from, to] of readableRanges(pid)) {
    for (let at = from; at < to; at += CHUNK_BYTES) {
      const length = readAt(memory, buffer, { at, length: Math.min(buffer.length, to - at) })
      wanted.forEach((bytes, index) => {
        if (buffer.subarray(0, length).includes(bytes)) found.add(index)
      })
    }
  }
  closeSync(memory)
  return [...found].sort()
}

function readableRanges(pid: number): [number, number][] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => /^\S+ rw/.test(line) && !line.includes('[v'))
    .map((line) =>
      line
        .split(' ')[0]!
        .split('-')
        .map((hex) => Number.parseInt(hex, 16)),
    )
    .map(([from, to]) => [from!, to!])
}

/** Pages that were never touched cannot be read; nothing is in them. */
function readAt(file: number, buffer: Buffer, range: { at: number; length: number }): number {
  try {
    return readSync(file, buffer, 0, range.length, range.at)
  } catch {
    return 0
  }
}
