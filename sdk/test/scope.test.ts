// SPDX-License-Identifier: Apache-2.0
/** Path globs and argument shapes. */
import { describe, expect, it } from '@jest/globals'
import {
  argumentsMatch,
  describePermission,
  exec,
  files,
  pathMatches,
  state,
} from '../src/index.ts'

describe('pathMatches', () => {
  it.each([
    ['/proc/uptime', '/proc/uptime'],
    ['/sys/class/hwmon/**', '/sys/class/hwmon'],
    ['/sys/class/hwmon/**', '/sys/class/hwmon/hwmon0/temp1_input'],
    ['/proc/pressure/*', '/proc/pressure/cpu'],
    ['/sys/devices/**/hwmon*/**', '/sys/devices/pci0/0000:01:00.0/nvme/nvme0/hwmon1/temp1_input'],
    ['/sys/devices/**/hwmon*/*', '/sys/devices/a/hwmon/hwmon3/name'],
    ['/a/**/b/**/c', '/a/b/x/b/c'],
    ['/a/x*y*z', '/a/xx-y-yz'],
    ['/**', '/'],
    ['@exports/**', '@exports'],
    ['@exports/*.json', '@exports/a.json'],
  ])('%s accepts %s', (glob, path) => {
    expect(pathMatches([glob], path)).toBe(true)
  })

  it.each([
    ['/proc/uptime', '/proc/uptime2'],
    ['/proc/uptime', 'proc/uptime'],
    ['/proc/*', '/proc/1/environ'],
    ['/proc/*', '/proc'],
    ['/sys/class/hwmon/**', '/sys/class/hwmonster'],
    ['/sys/class/hwmon/**', '/sys/class/hwmon/../../../etc/shadow'],
    ['/sys/class/hwmon/**', '/sys/class/hwmon/./x'],
    ['/sys/class/hwmon/**', '/sys/class/hwmon//x'],
    ['/a/**', '/a/b\0c'],
    ['/a/**/c', '/a/b/cc'],
    ['/a/xy*yz', '/a/xyz'],
    ['/**', '@exports/a'],
    ['@exports/**', '/a'],
    ['@exports/**', '@other/a'],
    ['@exports/**', '@exports/../a'],
    ['@exports/**', '/@exports/a'],
    ['@exports/**', '@Exports/a'],
    ['relative/**', '/relative/x'],
    ['/a/../etc/*', '/etc/passwd'],
  ])('%s does not accept %j', (glob, path) => {
    expect(pathMatches([glob], path)).toBe(false)
  })

  it('reads dots and brackets as plain text', () => {
    expect(pathMatches(['/a.b/[c]+'], '/aXb/c')).toBe(false)
    expect(pathMatches(['/a.b/[c]+*'], '/a.b/[c]+d')).toBe(true)
  })

  it('answers soon on a glob of many stars', () => {
    const path = `/${'a/'.repeat(2_000)}b`
    expect(pathMatches([`/${'**/a/'.repeat(30)}c`], path)).toBe(false)
  })

  it('matches nothing without globs', () => {
    expect(pathMatches([], '/a')).toBe(false)
  })
})

describe('argumentsMatch', () => {
  it('wants the exact text', () => {
    expect(argumentsMatch(['-j'], ['-j'])).toBe(true)
    expect(argumentsMatch(['-j'], ['-J'])).toBe(false)
  })

  it('wants as many arguments as shapes', () => {
    expect(argumentsMatch(['-j'], [])).toBe(false)
    expect(argumentsMatch(['-j'], ['-j', '-f'])).toBe(false)
  })

  it('matches a pattern as a whole, alternatives included', () => {
    const shape = [{ pattern: 'cpu|io' }]
    expect(argumentsMatch(shape, ['io'])).toBe(true)
    expect(argumentsMatch(shape, ['cpux'])).toBe(false)
    expect(argumentsMatch(shape, ['io\n'])).toBe(false)
  })

  it('never accepts a NUL', () => {
    expect(argumentsMatch([{ pattern: '[^a]*' }], ['b\0c'])).toBe(false)
  })
})

describe('describePermission', () => {
  it('says each kind in one line', () => {
    expect(describePermission(files.read('/a', '/b/**'))).toBe('read files: /a, /b/**')
    expect(describePermission(exec('/usr/bin/x', ['-n', { pattern: '[0-9]+' }]))).toBe(
      'run: /usr/bin/x -n <[0-9]+>',
    )
    expect(describePermission(state({ maxBytes: 10 }))).toContain('10 bytes')
  })
})
