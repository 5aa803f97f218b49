// SPDX-License-Identifier: Apache-2.0
/** Messages of any size pass the guard: it measures what was read, and not the room that was there to read into. */
import { spawn } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { guardChannel } from '../../../src/plugins/sandbox/channel-guard.ts'

/** Sizes around those of the buffers that Node reads into. */
const SIZES = [1, 4_000, 60_000, 65_000, 65_536, 100_000, 126_000, 130_000, 272_234]

describe('a guarded channel', () => {
  it('brings messages of every size, one after the other', async () => {
    const text = `process.channel.ref()
      process.on('message', (size) => process.send('x'.repeat(size)))
      process.send('')`
    const child = spawn(process.execPath, ['-e', text], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    const { promise, resolve } = Promise.withResolvers<string[]>()
    const seen: string[] = []
    guardChannel(child, (why) => resolve([...seen, why]))
    child.on('message', (message: string) => {
      seen.push(String(message.length))
      const next = SIZES[seen.length - 1]
      if (next === undefined) resolve(seen)
      else child.send(next)
    })
    try {
      expect(await promise).toEqual([0, ...SIZES].map(String))
    } finally {
      child.kill('SIGKILL')
    }
  })
})
