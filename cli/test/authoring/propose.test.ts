// SPDX-License-Identifier: Apache-2.0
/** From what a job was seen doing to the smallest permissions that cover it, as lines of code. */
import { ask, connect, endpoint, exec, files, route, secret, ssh, state } from '@sallyport/sdk'
import type { Permission, Permissions } from '@sallyport/sdk'
import { describe, expect, it } from '@jest/globals'
import type { HandleUse } from '../../src/authoring/handle-use.ts'
import { permissionCode } from '../../src/authoring/permission-code.ts'
import { covers, propose } from '../../src/authoring/propose.ts'
import { unusedRights } from '../../src/authoring/unused.ts'
import { joinSegments } from '../../src/authoring/widen.ts'

const use = (
  kind: string,
  method: string,
  args: unknown[],
  more: Partial<HandleUse> = {},
): HandleUse => ({
  job: 'job',
  handle: 'it',
  kind,
  method,
  args,
  resources: {},
  ...more,
})
const text = (path: string, more: Partial<HandleUse> = {}) =>
  use('files.read', 'text', [path], more)
const get = (path: string, resources: HandleUse['resources'] = {}) =>
  use('endpoint', 'request', [{ method: 'GET', path }], { resources })

/** The lines for one handle, and how they stand to what is declared. */
function learn(uses: readonly HandleUse[], declared?: Permission, isJoining = false): string[] {
  const permissions: Permissions = declared === undefined ? {} : { it: declared }
  const [handle] = propose('job', permissions, { uses, isJoining }).handles
  return [handle!.change, ...handle!.permissions.map(permissionCode)]
}

describe('proposals', () => {
  it('name the files that were read, each once, and where links lead', () => {
    const uses = [text('/b'), text('/a'), text('/b'), text('/link', { leadsTo: '/real' })]
    expect(learn(uses)).toEqual(['new', "files.read('/a', '/b', '/real')"])
  })

  it('say whether they are narrower or wider than what is declared', () => {
    expect(learn([text('/a')], files.read('/a'))).toEqual(['same', "files.read('/a')"])
    expect(learn([text('/a')], files.read('/**'))).toEqual(['narrower', "files.read('/a')"])
    expect(learn([text('/a')], files.read('/b'))).toEqual(['wider', "files.read('/a')"])
  })

  it('make globs only when they are asked to', () => {
    const uses = ['hwmon0', 'hwmon1'].map((name) => text(`/sys/${name}/name`))
    expect(learn(uses)[1]).toBe("files.read('/sys/hwmon0/name', '/sys/hwmon1/name')")
    expect(learn(uses, undefined, true)[1]).toBe("files.read('/sys/*/name')")
  })

  it('bind what the input named to its resource', () => {
    const resources = { node: ['pve1'], vmid: ['101', '102'] }
    const uses = ['101', '102'].map((id) => get(`/nodes/pve1/qemu/${id}/status`, resources))
    expect(learn(uses)).toEqual(['new', "endpoint('it', ['GET /nodes/{node}/qemu/{vmid}/status'])"])
    expect(learn([get('/nodes/pve2/status', resources)])[1]).toBe(
      "endpoint('it', ['GET /nodes/pve2/status'])",
    )
  })

  it('keep declared routes with their constraints as far as they were used', () => {
    const declared = endpoint(
      'pve',
      ['GET /a', route('GET /tasks/{upid:segment}', { query: { limit: { max: 10 } } })],
      { timeoutMs: 5_000 },
    )
    expect(learn([get('/tasks/x'), get('/tasks/y'), get('/new')], declared)).toEqual([
      'wider',
      "endpoint('pve', [route('GET /tasks/{upid:segment}', { query: { limit: { max: 10 } } }), 'GET /new'], { timeoutMs: 5_000 })",
    ])
  })

  it('do not take reading on in a stream for a request', () => {
    const uses = [
      use('endpoint', 'open', [{ method: 'GET', path: '/log' }]),
      use('endpoint', 'read', [1]),
    ]
    expect(learn(uses)[1]).toBe("endpoint('it', ['GET /log'])")
  })

  it('say the arguments of programs place by place, and take one handle for each length', () => {
    const run = (...args: string[]) => use('exec', 'run', [args])
    const declared = exec('/usr/bin/smartctl', ['-i', { pattern: '/dev/sd[a-z]' }])
    const smart = [run('-i', '/dev/sda'), run('-i', '/dev/sdb')]
    expect(learn(smart, declared)).toEqual([
      'same',
      "exec('/usr/bin/smartctl', ['-i', { pattern: '/dev/sd[a-z]' }])",
    ])
    expect(learn(smart)[1]).toBe(
      "exec('/path/to/program', ['-i', { pattern: '/dev/sda|/dev/sdb' }])",
    )
    expect(learn([run('a.b'), run('c')])[1]).toBe(
      String.raw`exec('/path/to/program', [{ pattern: 'a\\.b|c' }])`,
    )
    expect(learn([run('-i'), run('-i', 'x')])).toHaveLength(3)
  })

  it.each<[HandleUse, Permission, string]>([
    [use('state', 'set', ['k', 'v']), state({ maxBytes: 10 }), 'state({ maxBytes: 10 })'],
    [use('connect', 'open', []), connect('mqtt'), "connect('mqtt')"],
    [use('ssh', 'open', []), ssh('nas'), "ssh('nas')"],
    [use('secret', 'read', []), secret('smtp'), "secret('smtp')"],
    [
      use('ask', 'run', ['a/b', {}]),
      ask(['a/b'], { where: 'host' }),
      "ask(['a/b'], { where: 'host' })",
    ],
    [
      use('files.write', 'write', ['@out/a', 'x']),
      files.write(['@out/a']),
      "files.write(['@out/a'])",
    ],
  ])('keep a declared permission that was used: %#', (seen, declared, code) => {
    expect(learn([seen], declared)).toEqual(['same', code])
    expect(covers(declared, seen)).toBe(true)
  })

  it('name what is declared and was not used', () => {
    const declared = { it: files.read('/a'), cache: state() }
    expect(propose('job', declared, { uses: [text('/a')], isJoining: false }).unused).toEqual([
      'cache',
    ])
  })

  it('take the kind from the method when neither code nor fake says it', () => {
    expect(learn([use('none', 'text', ['/a'])])).toEqual(['new', "files.read('/a')"])
    expect(
      propose('job', {}, { uses: [use('none', 'sing', [])], isJoining: false }).handles,
    ).toEqual([])
  })
})

describe('lines of code', () => {
  it('quote what an author may write', () => {
    expect(permissionCode(files.read("/it's", '/a"b', '/c\\d'))).toBe(
      String.raw`files.read('/it\'s', '/a"b', '/c\\d')`,
    )
    const strict = route('POST /x', { body: { 'a.b': { equals: 'c' } }, others: 'forbidden' })
    expect(permissionCode(endpoint('s', [strict]))).toBe(
      "endpoint('s', [route('POST /x', { body: { 'a.b': { equals: 'c' } }, others: 'forbidden' })])",
    )
  })
})

describe('joined paths', () => {
  it.each([
    [['/a/1/x', '/a/2/x', '/a/3/x'], ['/a/*/x']],
    [
      ['/a/1', '/b/1'],
      ['/a/1', '/b/1'],
    ],
    [
      ['/a/1/x', '/a/2/y'],
      ['/a/1/x', '/a/2/y'],
    ],
    [['/a/1/x', '/a/1/y', '/a/2/x', '/a/2/y'], ['/a/*/*']],
  ])('%j become %j', (paths, joined) => expect(joinSegments(paths, '*')).toEqual(joined))
})

describe('unused rights', () => {
  const jobs = {
    ran: {
      permissions: {
        disk: files.read('/a', '/b/**'),
        net: endpoint('s', ['GET /x', 'GET /y']),
        mem: state(),
      },
    },
    idle: { permissions: { disk: files.read('/a') } },
  }
  const manifest = { jobs } as never
  const seen = [
    { ...text('/b/c'), job: 'ran', handle: 'disk' },
    { ...get('/y'), job: 'ran', handle: 'net' },
  ]

  it('are handles, paths and routes of jobs that ran', () => {
    expect(unusedRights(manifest, { ran: new Set(['ran']), uses: seen, isWhole: true })).toEqual([
      { job: 'ran', handle: 'disk', part: '/a' },
      { job: 'ran', handle: 'net', part: 'GET /x' },
      { job: 'ran', handle: 'mem', part: undefined },
    ])
  })

  it('are whole handles only where not every target is known', () => {
    const ran = new Set(['ran'])
    expect(unusedRights(manifest, { ran, uses: seen, isWhole: false })).toEqual([
      { job: 'ran', handle: 'mem', part: undefined },
    ])
  })
})
