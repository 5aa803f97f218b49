// SPDX-License-Identifier: Apache-2.0
/** Messages are measured as their bytes arrive, however they are cut. */
import { describe, expect, it } from '@jest/globals'
import { FrameMeter } from '../../../src/plugins/sandbox/frame-meter.ts'

const LIMITS = { maxFrameBytes: 10, maxFramesPerSecond: 3 }

function frame(length: number): number[] {
  return [0, 0, 0, length, ...Array.from({ length }, () => 7)]
}

describe('FrameMeter', () => {
  it('lets messages through that keep the bounds, whole, joined or byte by byte', () => {
    const joined = new FrameMeter(LIMITS, () => 0)
    expect(joined.take(Uint8Array.from([...frame(10), ...frame(0), ...frame(3)]))).toBeUndefined()
    const cut = new FrameMeter(LIMITS, () => 0)
    for (const byte of [...frame(10), ...frame(0), ...frame(3)]) {
      expect(cut.take(Uint8Array.of(byte))).toBeUndefined()
    }
  })

  it('stops at the length of a message that is too long, before its bytes', () => {
    const meter = new FrameMeter(LIMITS, () => 0)
    expect(meter.take(Uint8Array.from([...frame(10), 0, 0, 0]))).toBeUndefined()
    expect(meter.take(Uint8Array.of(11))).toBe('a message of 11 bytes')
  })

  it('reads the length as an unsigned number', () => {
    const meter = new FrameMeter(LIMITS, () => 0)
    expect(meter.take(Uint8Array.of(255, 255, 255, 255))).toBe('a message of 4294967295 bytes')
  })

  it('counts messages in a second', () => {
    let now = 0
    const meter = new FrameMeter(LIMITS, () => now)
    const three = Uint8Array.from([...frame(1), ...frame(1), ...frame(1)])
    expect(meter.take(three)).toBeUndefined()
    now = 1_000
    expect(meter.take(three)).toBeUndefined()
    expect(meter.take(Uint8Array.from(frame(1)))).toBe('more than 3 messages in a second')
  })
})
