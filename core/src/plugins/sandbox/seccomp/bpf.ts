// SPDX-License-Identifier: Apache-2.0
/** Assembles programs of the classic Berkeley packet filter, the form in which the kernel takes a seccomp filter. */

/** One instruction, not yet in bytes. */
export interface Instruction {
  readonly code: number
  /** Instructions to skip when the comparison holds. */
  readonly skipIf: number
  /** Instructions to skip when it does not. */
  readonly skipElse: number
  readonly value: number
}

/** Source: Linux, `include/uapi/linux/bpf_common.h`: class, size or operation, and source, added up. */
const LOAD_WORD = 0x20 // BPF_LD | BPF_W | BPF_ABS
const RETURN = 0x06 // BPF_RET | BPF_K
const COMPARE = {
  equal: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  above: 0x25, // BPF_JMP | BPF_JGT | BPF_K
  atLeast: 0x35, // BPF_JMP | BPF_JGE | BPF_K
  anyBit: 0x45, // BPF_JMP | BPF_JSET | BPF_K
} as const

const INSTRUCTION_BYTES = 8
const LONGEST_SKIP = 255

/** A comparison of the loaded word with a value. */
export type Comparison = readonly [how: keyof typeof COMPARE, value: number]

/** Loads the word at this offset of what the filter is shown. */
export function load(offset: number): Instruction {
  return { code: LOAD_WORD, skipIf: 0, skipElse: 0, value: offset }
}

/** Ends the filter with this verdict. */
export function verdict(value: number): Instruction {
  return { code: RETURN, skipIf: 0, skipElse: 0, value }
}

/**
 * Does `then` when the comparison holds and passes it over otherwise.
 *
 * Throws: RangeError when `then` is longer than a skip can be.
 */
export function when([how, value]: Comparison, then: readonly Instruction[]): Instruction[] {
  if (then.length > LONGEST_SKIP) throw new RangeError(`a skip of ${then.length} instructions`)
  return [{ code: COMPARE[how], skipIf: 0, skipElse: then.length, value }, ...then]
}

/** Does `then` unless the comparison holds. Throws: RangeError as `when` does. */
export function unless([how, value]: Comparison, then: readonly Instruction[]): Instruction[] {
  if (then.length > LONGEST_SKIP) throw new RangeError(`a skip of ${then.length} instructions`)
  return [{ code: COMPARE[how], skipIf: then.length, skipElse: 0, value }, ...then]
}

/**
 * The bytes of a program.
 *
 * Shape: `struct sock_filter`, little endian: code 16 bits, two skips of 8 bits, value 32 bits.
 * Source: Linux, `include/uapi/linux/filter.h`.
 */
export function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES)
  const view = new DataView(bytes.buffer)
  program.forEach(({ code, skipIf, skipElse, value }, index) => {
    const at = index * INSTRUCTION_BYTES
    view.setUint16(at, code, true)
    view.setUint8(at + 2, skipIf)
    view.setUint8(at + 3, skipElse)
    view.setUint32(at + 4, value, true)
  })
  return bytes
}
