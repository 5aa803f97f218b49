// SPDX-License-Identifier: Apache-2.0
/** What the filter says to each call on each processor, read as the kernel reads it. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import {
  numberOf,
  seccompFilter,
  thisProcessor,
  type Processor,
} from '../../../../src/plugins/sandbox/seccomp/filter.ts'
import { DENIED, LOOKED_AT } from '../../../../src/plugins/sandbox/seccomp/system-calls.ts'

const ALLOWED = 0x7fff_0000
const NOT_PERMITTED = 0x0005_0001
const NO_SUCH_CALL = 0x0005_0026
const KILLED = 0x8000_0000
const ARCHITECTURE = { x64: 0xc000_003e, arm64: 0xc000_00b7 }

interface Call {
  readonly number: number
  readonly architecture?: number
  readonly args?: readonly number[]
}

/** Reads the program as seccomp(2) and Linux' `struct sock_filter` describe it. */
function judge(processor: Processor, call: Call): number {
  const bytes = seccompFilter(processor)
  const view = new DataView(bytes.buffer)
  const shown: Record<number, number> = {
    0: call.number,
    4: call.architecture ?? ARCHITECTURE[processor],
  }
  for (const [index, value] of (call.args ?? []).entries()) shown[16 + 8 * index] = value
  let word = 0
  for (let at = 0; ; at += 8) {
    const [code, value] = [view.getUint16(at, true), view.getUint32(at + 4, true)]
    const skips = [view.getUint8(at + 3), view.getUint8(at + 2)]
    if (code === 0x06) return value
    if (code === 0x20) word = shown[value] ?? 0
    else at += 8 * skips[Number(holds(code, word, value))]!
  }
}

function holds(code: number, word: number, value: number): boolean {
  if (code === 0x15) return word === value
  if (code === 0x25) return word > value
  if (code === 0x35) return word >= value
  if (code === 0x45) return (BigInt(word) & BigInt(value)) !== 0n
  throw new Error(`an instruction of unknown code ${code}`)
}

describe.each(['x64', 'arm64'] as const)('the filter on %s', (processor) => {
  const numberOn = (name: keyof typeof LOOKED_AT): number => numberOf(LOOKED_AT[name], processor)!
  const say = (name: keyof typeof LOOKED_AT, ...args: number[]): number =>
    judge(processor, { number: numberOn(name), args })

  it('denies every call of the list', () => {
    const numbers = Object.values(DENIED).map((numbers) => numberOf(numbers, processor))
    const verdicts = numbers
      .filter((number) => number !== undefined)
      .map((number) => judge(processor, { number }))
    expect(new Set(verdicts)).toEqual(new Set([NOT_PERMITTED]))
  })

  it('lets every other known call through', () => {
    const known = [...Object.values(DENIED), ...Object.values(LOOKED_AT)]
    const named = new Set(known.map((numbers) => numberOf(numbers, processor)))
    const others = Array.from({ length: 451 }, (_, number) => number).filter((n) => !named.has(n))
    expect(new Set(others.map((number) => judge(processor, { number })))).toEqual(
      new Set([ALLOWED]),
    )
  })

  it('knows no call above the newest', () => {
    for (const number of [451, 1_000, 0x3fff_ffff]) {
      expect(judge(processor, { number })).toBe(NO_SUCH_CALL)
    }
  })

  it('kills whoever calls as another processor does', () => {
    for (const architecture of [0, 0x4000_0003, 0x4000_0028, 0xc000_0016]) {
      expect(judge(processor, { number: 0, architecture })).toBe(KILLED)
    }
  })

  it('lets threads be made, and neither processes nor namespaces', () => {
    const thread = 0x003d_0f00 // What the C library asks for.
    expect(say('clone', thread)).toBe(ALLOWED)
    expect(say('clone', 17)).toBe(NOT_PERMITTED)
    expect(say('clone', 0x4111)).toBe(NOT_PERMITTED)
    for (const flag of [
      0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
    ]) {
      expect(say('clone', thread + flag)).toBe(NOT_PERMITTED)
    }
    expect(say('clone3')).toBe(NO_SUCH_CALL)
  })

  it('lets Node signal itself and nobody else', () => {
    for (const name of ['kill', 'tgkill'] as const) {
      expect(say(name, 2)).toBe(ALLOWED)
      for (const pid of [0, 1, 3, 0xffff_ffff]) expect(say(name, pid)).toBe(NOT_PERMITTED)
    }
  })

  it('lets a socket send, and not connect by sending', () => {
    expect(say('sendto', 3, 0, 1, 0x4000)).toBe(ALLOWED)
    expect(say('sendto', 3, 0, 1, 0x2000_4000)).toBe(NOT_PERMITTED)
    expect(say('sendmsg', 3, 0, 0)).toBe(ALLOWED)
    expect(say('sendmsg', 3, 0, 0x2000_0000)).toBe(NOT_PERMITTED)
    expect(say('sendmmsg', 3, 0, 1, 0x2000_0000)).toBe(NOT_PERMITTED)
  })

  it('lets no text be put into a terminal', () => {
    expect(say('ioctl', 3, 0x5421)).toBe(ALLOWED)
    for (const request of [0x5412, 0x541c]) expect(say('ioctl', 3, request)).toBe(NOT_PERMITTED)
  })
})

describe('the filter', () => {
  it('kills whoever calls in the x32 way', () => {
    for (const number of [0x4000_0000, 0x4000_0065, 0xffff_ffff]) {
      expect(judge('x64', { number })).toBe(KILLED)
    }
  })

  it('has on its list what no plugin may ever reach', () => {
    expect(Object.keys(DENIED)).toEqual(
      expect.arrayContaining([
        ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd', 'tkill'],
        ...[
          'keyctl',
          'add_key',
          'request_key',
          'bpf',
          'perf_event_open',
          'userfaultfd',
          'vmsplice',
        ],
        ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'memfd_create', 'execveat'],
        ...['mount', 'umount2', 'pivot_root', 'move_mount', 'open_tree', 'fsopen', 'chroot'],
        ...['unshare', 'setns', 'fork', 'vfork', 'kexec_load', 'kexec_file_load', 'reboot'],
        ...['init_module', 'finit_module', 'delete_module', 'swapon', 'personality', 'quotactl'],
        ...['syslog', 'acct', 'settimeofday', 'clock_settime', 'adjtimex', 'clock_adjtime'],
        ...['socket', 'socketpair', 'bind', 'listen', 'connect', 'accept', 'accept4', 'seccomp'],
      ]),
    )
  })

  it('is within what the kernel takes', () => {
    expect(seccompFilter('x64').length / 8).toBeLessThan(4_096)
  })

  it('is for two processors; on another one there is no sandbox', () => {
    expect(thisProcessor('arm64')).toBe('arm64')
    expect(() => thisProcessor('ppc64')).toThrowCode('ERR_SANDBOX_UNAVAILABLE')
  })

  const headers = [
    '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
    '/usr/include/asm-generic/unistd.h',
  ].map((path) => (existsSync(path) ? readFileSync(path, 'latin1') : undefined))

  it.each([
    ['x64', headers[0]],
    ['arm64', headers[1]],
  ] as const)(
    'has the numbers of the headers of this machine, if any, for %s',
    (processor, text) => {
      if (text === undefined) return
      const defined = new Map(
        [...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm)].map((line) => [
          line[1],
          Number(line[2]),
        ]),
      )
      for (const [name, numbers] of Object.entries({ ...DENIED, ...LOOKED_AT })) {
        expect([name, numberOf(numbers, processor)]).toEqual([name, defined.get(name)])
      }
    },
  )
})
