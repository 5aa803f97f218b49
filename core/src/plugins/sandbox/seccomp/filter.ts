// SPDX-License-Identifier: Apache-2.0
/** The filter of system calls around a plugin's process: the wall between the sandbox and the rest of the kernel. */
import { CodedError } from '@sallyport/sdk'
import { assemble, load, unless, verdict, when, type Instruction } from './bpf.ts'
import { DENIED, LOOKED_AT, NEWEST, type Numbers } from './system-calls.ts'

/** A processor the filter is written for, by Node's name. */
export type Processor = 'x64' | 'arm64'

/** Source: Linux, `include/uapi/linux/audit.h`: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. */
const ARCHITECTURE: Record<Processor, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }

/** Numbers from here on belong to the x32 way of calling. Source: Linux, `asm/unistd.h`, __X32_SYSCALL_BIT. */
const X32 = 0x4000_0000

/** Source: Linux, `include/uapi/linux/seccomp.h`; the low half of "fail" is the error number. */
const KILL = verdict(0x8000_0000)
const ALLOW = verdict(0x7fff_0000)
const NOT_PERMITTED = verdict(0x0005_0000 + 1) // EPERM
const NO_SUCH_CALL = verdict(0x0005_0000 + 38) // ENOSYS

/** Source: Linux, `include/uapi/linux/seccomp.h`, `struct seccomp_data`. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const argumentAt = (index: number): number => 16 + 8 * index

/** Source: Linux, `include/uapi/linux/sched.h`: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000
/** Source: Linux, `include/uapi/linux/sched.h`, CLONE_THREAD. */
const THREAD = 0x0001_0000
/** Source: Linux, `include/linux/socket.h`, MSG_FASTOPEN: connects while sending. */
const FAST_OPEN = 0x2000_0000
/** Source: Linux, `include/uapi/asm-generic/ioctls.h`, TIOCSTI and TIOCLINUX: put text into a terminal. */
const TERMINAL_INPUT = [0x5412, 0x541c]

/** Node's own number in its process namespace: bubblewrap's first process there is 1 and starts nothing else. */
const OWN_PID = 2

/** The processor this process runs on. Throws: ERR_SANDBOX_UNAVAILABLE when no filter is written for it. */
export function thisProcessor(name: string = process.arch): Processor {
  if (name === 'x64' || name === 'arm64') return name
  throw new CodedError('ERR_SANDBOX_UNAVAILABLE', `there is no filter of system calls for ${name}`)
}

/**
 * The filter as bubblewrap takes it.
 *
 * Trust: a list of what is denied, for Node's needs change with its version. Another processor's way of calling kills;
 * what is newer than the list does not exist; no socket is made, bound or connected, of any family; no process is
 * started; no other process is signalled or looked into; no namespace, mount, key, module, clock or profiler is touched.
 * Why `execve` is missing: the filter stands before Node is started by it. What it could start is Node again, which
 * stands behind the same filter: nothing else is there to be started, nothing can be written and no memory be a file.
 * Why sending is looked at: a passed socket belongs to the network outside and could be connected elsewhere.
 */
export function seccompFilter(processor: Processor): Uint8Array {
  const denied = numbersOf(Object.values(DENIED), processor)
  return assemble([
    load(ARCHITECTURE_AT),
    ...unless(['equal', ARCHITECTURE[processor]], [KILL]),
    load(NUMBER_AT),
    ...(processor === 'x64' ? when(['atLeast', X32], [KILL]) : []),
    ...when(['above', NEWEST], [NO_SUCH_CALL]),
    ...denied.flatMap((number) => when(['equal', number], [NOT_PERMITTED])),
    ...Object.entries(argumentRules()).flatMap(([name, rule]) =>
      numbersOf([LOOKED_AT[name as keyof typeof LOOKED_AT]], processor).flatMap((number) =>
        when(['equal', number], rule),
      ),
    ),
    ALLOW,
  ])
}

/** What is done with the calls that are let through with some arguments only. Each rule ends with a verdict. */
function argumentRules(): Record<keyof typeof LOOKED_AT, readonly Instruction[]> {
  const isOwn = [...argument(0), ...unless(['equal', OWN_PID], [NOT_PERMITTED]), ALLOW]
  const sends = (flags: number): Instruction[] => [
    ...argument(flags),
    ...when(['anyBit', FAST_OPEN], [NOT_PERMITTED]),
    ALLOW,
  ]
  return {
    clone: [
      ...argument(0),
      ...when(['anyBit', NEW_NAMESPACES], [NOT_PERMITTED]),
      ...unless(['anyBit', THREAD], [NOT_PERMITTED]),
      ALLOW,
    ],
    clone3: [NO_SUCH_CALL], // Its flags are in memory, where no filter can look; libraries then use clone.
    ioctl: [
      ...argument(1),
      ...TERMINAL_INPUT.flatMap((request) => when(['equal', request], [NOT_PERMITTED])),
      ALLOW,
    ],
    kill: isOwn,
    sendmmsg: sends(3),
    sendmsg: sends(2),
    sendto: sends(3),
    tgkill: isOwn,
  }
}

/** Loads the low half of an argument; these calls take no more of it. */
function argument(index: number): Instruction[] {
  return [load(argumentAt(index))]
}

/** The number of a call on this processor; undefined when it has no such call. */
export function numberOf(numbers: Numbers, processor: Processor): number | undefined {
  return numbers[processor === 'x64' ? 0 : 1]
}

function numbersOf(calls: readonly Numbers[], processor: Processor): number[] {
  return calls
    .map((numbers) => numberOf(numbers, processor))
    .filter((number) => number !== undefined)
}
