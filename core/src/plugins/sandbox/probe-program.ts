// SPDX-License-Identifier: Apache-2.0
/**
 * The program that tries to break out of one wall at a time and reports what it gained.
 *
 * Why one file without imports but Node's own: its text is fed to Node over standard input, as that of a plugin's process.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { open as openInspector } from 'node:inspector'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Attack, AttackResult, ProbeTargets, RawCall } from './probe-attacks.ts'

const CONNECT_MS = 1_000

/** Why a variable: the types of Node do not know this module yet. */
const FFI: string = 'node:ffi'

/** A process number that no process has. */
const NOBODY_HAS = 0x3fff_ffff

/** Source: Linux, `include/linux/socket.h`: Unix, IPv4, IPv6, netlink, packet, kernel cryptography, virtual machines. */
const FAMILIES = { unix: 1, ip: 2, ip6: 10, netlink: 16, packet: 17, alg: 38, vsock: 40 }

/** Source: Linux, `asm-generic/errno.h`: what the filter answers, EPERM and ENOSYS. */
const DENIALS = [1, 38]

/** Each attack says what it gained, or throws. */
const attacks: Record<Attack, (targets: ProbeTargets) => string | Promise<string>> = {
  'read a file': ({ file }) => `read ${readFileSync(file).length} bytes`,
  'write to a file': ({ file }) => {
    appendFileSync(file, 'x')
    return 'wrote to it'
  },
  'create a file': () => {
    const folders = ['/', '/tmp/', '/dev/', '/dev/shm/', '/run/', '/var/tmp/', '/lib/']
    const created = folders.filter((folder) =>
      succeeds(() => writeFileSync(`${folder}escape-probe`, '')),
    )
    return gained('created a file in', created)
  },
  'open a database': async ({ database }) => {
    const { DatabaseSync } = await import('node:sqlite')
    return `read ${new DatabaseSync(database).prepare('SELECT * FROM canary').all().length} rows`
  },
  'connect over TCP': ({ port }) => connected({ host: '127.0.0.1', port }),
  'connect to a Unix socket': ({ socket }) => connected({ path: socket }),
  'connect to an abstract socket': ({ abstractSocket }) =>
    connected({ path: `\0${abstractSocket}` }),
  'see network interfaces': () =>
    gained(
      'sees',
      Object.keys(networkInterfaces()).filter((name) => name !== 'lo'),
    ),
  'signal the agent': ({ pid }) =>
    unlessForeign('EPERM', () => {
      process.kill(pid, 0)
      return 'could signal it'
    }),
  'read the environment of the agent': ({ pid }) =>
    unlessForeign('EACCES', () => `read ${readFileSync(`/proc/${pid}/environ`).length} bytes`),
  'find variables': () =>
    gained(
      'found',
      Object.keys(process.env).filter((name) => name !== 'PWD'),
    ),
  'have capabilities': () => {
    const status = readFileSync('/proc/self/status', 'latin1')
    const held = [...status.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb):\s*(\S+)$/gm)].filter(
      (line) => !/^0+$/.test(line[1]!),
    )
    return gained(
      'has',
      held.map((line) => line[0]),
    )
  },
  'start a program': () => {
    const { error } = spawnSync('/bin/sh', ['-c', 'exit 0'])
    if (error !== undefined) throw error
    return 'started a shell'
  },
  'start a thread': () =>
    new Promise((resolve, reject) => {
      const thread = new Worker('', { eval: true })
      thread.on('exit', () => resolve('started one'))
      thread.on('error', reject)
    }),
  'load an add-on': ({ library }) => {
    try {
      process.dlopen({ exports: {} }, library)
    } catch (error) {
      // Node says so only after it has loaded the library and run what the library runs by itself.
      if (!String(error).includes('self-register')) throw error
    }
    return 'loaded a library'
  },
  'make code from text': () => `made ${String(new Function('return 1')())}`,
  'open the inspector': () => {
    openInspector(0, '127.0.0.1')
    return 'opened it'
  },
  'make a socket': async ({ calls }) => {
    const made: string[] = []
    for (const [family, number] of Object.entries(FAMILIES)) {
      // Why two types: packets for those that have no streams.
      const stream = await raw(calls.socket, number, 1, 0)
      const packets = await raw(calls.socket, number, 3, 0)
      if (stream.result >= 0 || packets.result >= 0) made.push(family)
    }
    return gained('made one of', made)
  },
  'make a pair of sockets': ({ calls }) => reached(calls, 'socketpair', 1, 1, 0, 0),
  'start Node again': () => {
    const { error } = spawnSync(process.execPath, ['--version'])
    if (error !== undefined) throw error
    return 'started it'
  },
  'leave its namespaces': ({ calls }) => reached(calls, 'unshare', 0),
  'trace a process': ({ calls }) => reached(calls, 'ptrace', 16, NOBODY_HAS, 0, 0),
  'read the memory of a process': ({ calls }) =>
    reached(calls, 'process_vm_readv', NOBODY_HAS, 0, 0, 0, 0, 0),
  'use the keys of the kernel': ({ calls }) => reached(calls, 'keyctl', 0, -3, 0),
  'open a profiler': ({ calls }) => reached(calls, 'perf_event_open', 0, 0, -1, -1, 0),
  'open a ring of calls': ({ calls }) => reached(calls, 'io_uring_setup', 1, 0),
  'handle its own page faults': ({ calls }) => reached(calls, 'userfaultfd', 1),
  'make a file of memory': ({ calls }) => reached(calls, 'memfd_create', 0, 0),
  'start a program by its descriptor': ({ calls }) =>
    reached(calls, 'execveat', NOBODY_HAS, 0, 0, 0, 0),
  'signal another process': () => {
    process.kill(1, 0)
    return 'could signal the first process of its namespace'
  },
  'change its personality': ({ calls }) => reached(calls, 'personality', 0xffff_ffff),
  'make a call that is newer than the filter': async () => told(await raw(451, -1, 0, 0, 0)),
}

process.once('message', (message) => {
  const { names, targets } = message as { names: Attack[]; targets: ProbeTargets }
  void tryAll(names, targets).then((results) => process.send?.(results))
})

async function tryAll(names: readonly Attack[], targets: ProbeTargets): Promise<AttackResult[]> {
  const results: AttackResult[] = []
  for (const attack of names) results.push(await tryOne(attack, targets))
  return results
}

async function tryOne(attack: Attack, targets: ProbeTargets): Promise<AttackResult> {
  try {
    return { attack, stands: false, detail: await attacks[attack](targets) }
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    return { attack, stands: true, detail: String(code ?? message).slice(0, 200) }
  }
}

function connected(target: { host: string; port: number } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(target)
    socket.setTimeout(CONNECT_MS, () => reject(new Error('no answer')))
    socket.on('error', reject)
    socket.on('connect', () => socket.end('canary', () => resolve('connected')))
  })
}

/** Why: to be refused for being another user is luck, and says that the process can be seen. */
function unlessForeign(refusal: 'EPERM' | 'EACCES', attempt: () => string): string {
  try {
    return attempt()
  } catch (error) {
    if ((error as { code?: string }).code !== refusal) throw error
    return 'can see its process'
  }
}

/** Makes a system call directly; says what the kernel answered, or throws when it was denied. */
async function reached(
  calls: ProbeTargets['calls'],
  name: RawCall,
  ...args: readonly number[]
): Promise<string> {
  return told(await raw(calls[name], ...args))
}

function told({ result, errno }: RawResult): string {
  if (result < 0 && DENIALS.includes(errno)) throw new Error(errno === 1 ? 'EPERM' : 'ENOSYS')
  return result < 0 ? `the kernel took the call (errno ${errno})` : 'the kernel took the call'
}

interface RawResult {
  readonly result: number
  readonly errno: number
}

async function raw(number: number, ...args: readonly number[]): Promise<RawResult> {
  const ffi = (await import(FFI)) as Ffi
  const { functions } = ffi.dlopen('libc.so.6', {
    syscall: { arguments: Array.from({ length: 7 }, () => 'i64'), return: 'i64' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  const padded = Array.from({ length: 6 }, (_, index) => BigInt(args[index] ?? 0))
  const errnoAt = functions['__errno_location']!()
  const result = Number(functions['syscall']!(BigInt(number), ...padded))
  return { result, errno: ffi.getInt32(errnoAt) }
}

/** The part of Node's foreign function interface that is used here. */
interface Ffi {
  dlopen(
    library: string,
    signatures: Record<string, { arguments: string[]; return: string }>,
  ): { functions: Record<string, (...args: bigint[]) => bigint> }
  getInt32(pointer: bigint): number
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

function gained(what: string, things: readonly string[]): string {
  if (things.length === 0) throw new Error('nothing')
  return `${what} ${things.join(', ')}`
}
