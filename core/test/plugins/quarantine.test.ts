// SPDX-License-Identifier: Apache-2.0
/** Plugins that end badly too often are put aside until someone lets them out. */
import { describe, expect, it } from '@jest/globals'
import { Quarantine } from '../../src/plugins/quarantine.ts'

const ENDING = { code: 'ERR_PLUGIN_CRASHED', message: 'it crashed' }

function crash(quarantine: Quarantine, digest: string, timesMs: readonly number[]): unknown[] {
  return timesMs.map((atMs) => quarantine.crashed(digest, ENDING, atMs)?.crashCount)
}

describe('Quarantine', () => {
  it('takes a plugin in at the fifth crash within ten minutes, and says so once', () => {
    const quarantine = new Quarantine()
    expect(crash(quarantine, 'd', [0, 1, 2, 3])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(quarantine.reason('d')).toBeUndefined()
    expect(crash(quarantine, 'd', [599_999, 600_000])).toEqual([5, undefined])
    expect(quarantine.reason('d')).toEqual({ ...ENDING, crashCount: 5 })
  })

  it('leaves alone a plugin that crashes more rarely', () => {
    const quarantine = new Quarantine()
    crash(quarantine, 'd', [0, 200_000, 400_000, 599_000, 600_000, 800_000])
    expect(quarantine.reason('d')).toBeUndefined()
  })

  it('knows plugins apart', () => {
    const quarantine = new Quarantine()
    crash(quarantine, 'd', [0, 1, 2, 3, 4])
    expect(quarantine.reason('e')).toBeUndefined()
  })

  it('lets a plugin out with all its crashes forgotten', () => {
    const quarantine = new Quarantine()
    crash(quarantine, 'd', [0, 1, 2, 3, 4])
    quarantine.release('d')
    expect(quarantine.reason('d')).toBeUndefined()
    crash(quarantine, 'd', [5, 6, 7, 8])
    expect(quarantine.reason('d')).toBeUndefined()
  })
})
