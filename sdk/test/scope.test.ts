// SPDX-License-Identifier: Apache-2.0
/** Path globs and argument shapes. */
import { describe, expect, it } from '@jest/globals'
import {
  argumentsMatch,
  ask,
  connect,
  describeBounds,
  describePermission,
  endpoint,
  exec,
  files,
  pathMatches,
  route,
  secret,
  ssh,
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
    expect(describePermission(files.write(['@out/*']))).toBe('write and remove files: @out/*')
    expect(describePermission(connect('mqtt'))).toBe('connect to "mqtt"')
    expect(describePermission(ssh('nas'))).toBe('log in by SSH to "nas"')
    expect(describePermission(secret('smtp'))).toBe('see the secret "smtp"')
    expect(describePermission(ask(['p/x']))).toBe('ask for job types on this agent: p/x')
    expect(describePermission(ask(['p/x'], { where: 'host' }))).toContain('the agent of its host')
  })

  it('says of a route which resources it is bound to and what its query and body may hold', () => {
    const create = route('POST /guests/{vmid}', {
      query: { full: { equals: true, required: true }, mode: { oneOf: ['a', 'b'] } },
      body: {
        cores: { min: 1, max: 4 },
        memory: { max: 8 },
        disk: { min: 2 },
        name: { pattern: '[a-z]+' },
        node: { resource: 'node' },
        privileged: { forbidden: true },
      },
      others: 'forbidden',
    })
    expect(describePermission(endpoint('pve', ['GET /version', create]))).toBe(
      'call "pve": GET /version, POST /guests/{vmid} ' +
        "(only the job's own vmid; " +
        'query: full is true (required), mode is one of "a" "b", nothing else; ' +
        'body: cores is from 1 to 4, memory is at most 8, disk is at least 2, name matches [a-z]+, ' +
        "node is the job's own node, no privileged, nothing else)",
    )
    expect(describeBounds({ route: 'GET /{a}/{b}/{c}/{a}/{d:text}' })).toEqual([
      "only the job's own a, b and c",
    ])
    expect(
      describeBounds(route('PUT /x', { body: { force: { equals: null }, one: { oneOf: [1] } } })),
    ).toEqual(['body: force is null, one is 1, anything else'])
  })
})
