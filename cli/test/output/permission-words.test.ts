// SPDX-License-Identifier: Apache-2.0
/** What a plugin may do, in words an operator can judge. */
import { exec, files, state } from '@sallyport/sdk'
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import { describe, expect, it } from '@jest/globals'
import { PLAIN } from '../../src/output/paint.ts'
import {
  permissionLines,
  permissionScreen,
  permissionText,
} from '../../src/output/permission-words.ts'

function job(overrides: Partial<JobManifest>): JobManifest {
  return {
    summary: 'Does a thing',
    effect: 'read',
    input: {},
    output: {},
    resources: {},
    permissions: {},
    limits: { perMinute: 30, timeoutMs: 5_000, maxOutputBytes: 1_024 },
    hasPlan: false,
    ...overrides,
  }
}

function plugin(jobs: PluginManifest['jobs']): PluginManifest {
  return { name: 'p', version: '1.0.0', summary: 's', jobs }
}

const READ = files.read('/proc/**')

describe('what a plugin may do', () => {
  it('is said in plain words for each kind', () => {
    expect(permissionText(READ)).toBe('read files /proc/**')
    expect(permissionText(state({ maxBytes: 2_048 }))).toBe(
      'keep up to 2.0 KiB of its own between jobs',
    )
    expect(
      permissionText(exec('/bin/x', ['-j', { pattern: '[a-z]+' }], { timeoutMs: 5_000 })),
    ).toBe('run /bin/x -j <anything that matches [a-z]+>  (at most 5.0 s, 1.0 MiB of output)')
  })

  it('shows what hides in a path', () => {
    expect(permissionText(files.read('/a\u202e/b'))).toBe('read files /a\\u{202e}/b')
  })

  it('says what it may not, by the kinds that are not there', () => {
    const none = permissionScreen(plugin({ a: job({}) }), undefined, PLAIN)
    expect(none).toContain(
      'It may not: run other job types, open sockets, call services, read files, write files, see credentials, log in to other machines, run programs, keep state of its own.',
    )
    const reads = permissionScreen(
      plugin({ a: job({ permissions: { r: READ } }) }),
      undefined,
      PLAIN,
    )
    expect(reads).toContain(
      'see credentials, log in to other machines, run programs, keep state of its own.',
    )
  })

  it('marks a new permission, a wider one, a new job and one that is gone', () => {
    const before = plugin({ a: job({ permissions: { r: READ } }), old: job({}) })
    const now = plugin({
      a: job({ permissions: { r: files.read('/**'), s: state() } }),
      b: job({ permissions: { r: READ } }),
    })
    const screen = permissionScreen(now, before, PLAIN)
    expect(screen).toContain('  +   read files /**')
    expect(screen).toMatch(/^\+ b /m)
    expect(screen).toContain('- old  is no longer there')
    expect(permissionLines(now, before).map(({ isNew }) => isNew)).toEqual([true, true, true])
  })

  it('does not mark what is the same in another order, nor anything without an earlier approval', () => {
    const { kind, paths } = READ as { kind: 'files.read'; paths: string[] }
    const before = plugin({ a: job({ permissions: { r: { paths, kind } } }) })
    const now = plugin({ a: job({ permissions: { r: READ } }) })
    expect(permissionScreen(now, before, PLAIN)).not.toContain('+')
    expect(permissionLines(now, undefined).map(({ isNew }) => isNew)).toEqual([null])
  })

  it('marks an effect that became worse', () => {
    const before = plugin({ a: job({}) })
    const now = plugin({ a: job({ effect: 'destroy' }) })
    expect(permissionScreen(now, before, PLAIN)).toContain('effect was read')
  })
})
