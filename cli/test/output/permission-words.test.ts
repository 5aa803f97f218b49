// SPDX-License-Identifier: Apache-2.0
/** What a plugin may do, in words an operator can judge. */
import { ask, connect, endpoint, exec, files, route, secret, ssh, state } from '@sallyport/sdk'
import type { JobManifest, Permission, PluginManifest } from '@sallyport/sdk'
import { approvedJobsOf } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { PLAIN } from '../../src/output/paint.ts'
import type { Paint } from '../../src/output/paint.ts'
import { permissionScreen, permissionsJson } from '../../src/output/permission-words.ts'
import type { Approvable } from '../../src/output/permission-words.ts'

function job(overrides: Partial<JobManifest>): JobManifest {
  return {
    summary: 'Does a thing',
    effect: 'read',
    input: {},
    output: {},
    resources: {},
    permissions: {},
    limits: { perMinute: 30, timeoutMs: 5_000, maxOutputBytes: 1_024 },
    policyInputs: [],
    hasPlan: false,
    hasResume: false,
    hasVerify: false,
    ...overrides,
  }
}

function plugin(jobs: PluginManifest['jobs'], only?: string[]): Approvable {
  const manifest = { name: 'p', version: '1.0.0', summary: 's', jobs }
  return { manifest, jobs: approvedJobsOf(manifest, only) }
}

/** A plugin of one job type with one permission. */
function may(...permissions: Permission[]): Approvable {
  return plugin({ a: job({ permissions: Object.fromEntries(permissions.entries()) }) })
}

/** The screen line by line, with spaces taken together. */
function linesOf(now: Approvable, before?: Approvable, paint: Paint = PLAIN): string[] {
  return permissionScreen(now, before, paint)
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, '  ').trimEnd())
}

const READ = files.read('/proc/**')

describe('what a plugin may do', () => {
  it.each<[string, Permission, string]>([
    ['files.read', READ, 'read files /proc/**'],
    ['a bound folder', files.read('@exports/*.json'), 'read files *.json below folder "exports"'],
    [
      'files.write',
      files.write(['/a'], { maxBytes: 2_048 }),
      'write and remove files /a  at most 2.0 KiB each',
    ],
    ['connect', connect('mqtt'), 'connect to "mqtt"'],
    ['ssh', ssh('nas'), 'log in by SSH to "nas"'],
    [
      'ask',
      ask(['p/x'], { where: 'host' }),
      'ask for p/x  on the agent of its host; never beyond its own resources',
    ],
    ['secret', secret('smtp'), 'see the secret "smtp"  it sees the credential itself'],
    ['state', state({ maxBytes: 2_048 }), 'keep state of its own between jobs  at most 2.0 KiB'],
    [
      'exec',
      exec('/bin/x', ['-j', { pattern: '[a-z]+' }], { timeoutMs: 5_000 }),
      'run /bin/x -j <anything that matches [a-z]+>  at most 5.0 s, 1.0 MiB of output',
    ],
  ])('is said in plain words: %s', (_, permission, text) => {
    expect(linesOf(may(permission))).toContain(`  read  ${text}`)
  })

  it('is grouped by endpoint, with the resources that a route is bound to', () => {
    const pve = endpoint('pve', [
      'GET /cluster/resources',
      'GET /version',
      'GET /nodes/{node}/qemu/{vmid}',
      'GET /nodes/{node}/tasks/{upid:text}',
    ])
    const limits = 'at most 30 s, 256.0 KiB sent, 4.0 MiB received'
    const own = { node: 'node', vmid: 'id' }
    const input = { properties: { node: {}, id: {} } }
    const lines = linesOf(plugin({ a: job({ permissions: { pve }, resources: own, input }) }))
    expect(lines).toEqual(
      expect.arrayContaining([
        `It may, on endpoint "pve" (each ${limits}):`,
        '  read  GET /cluster/resources, /version',
        "  read  GET /nodes/{node}/qemu/{vmid}  only the job's own node and vmid",
        "  read  GET /nodes/{node}/tasks/{upid:text}  only the job's own node",
      ]),
    )
    expect(lines.join('\n')).toContain('its own vmid is parameter id')
  })

  it('says limits where they belong, unless all of an endpoint are the same', () => {
    const one = endpoint('pve', ['GET /a', 'POST /a', 'GET /b'])
    const other = endpoint('pve', ['GET /c'], { timeoutMs: 1_000 })
    const lines = linesOf(plugin({ a: job({ permissions: { one, other }, effect: 'change' }) }))
    expect(lines.filter((line) => line.includes('at most 30 s, '))).toHaveLength(2)
    expect(lines).toContain('  read  GET /c  at most 1.0 s, 256.0 KiB sent, 4.0 MiB received')
  })

  it('calls a request that only looks a read, whatever the job type does', () => {
    const pve = endpoint('pve', ['DELETE /guests/{id:id}', 'GET /guests/{id:id}', 'POST /log'])
    const lines = linesOf(plugin({ a: job({ permissions: { pve }, effect: 'destroy' }) }))
    expect(lines.slice(3, 6)).toEqual([
      '  read  GET /guests/{id:id}',
      '  destroy  DELETE /guests/{id:id}',
      '  destroy  POST /log',
    ])
  })

  it('names a few job types and counts the rest', () => {
    const read = (): JobManifest => job({ permissions: { host: READ } })
    const jobs = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, read()]))
    expect(linesOf(plugin(jobs))).toContain('  read  read files /proc/**  (a, b, c and 2 more)')
  })

  it('says several parameters of a job type in one sentence', () => {
    const resources = { node: 'node', vmid: 'vmid' }
    const input = { properties: { node: {}, vmid: {} } }
    const lines = linesOf(plugin({ a: job({ resources, input }) })).join('\n')
    expect(lines).toContain('its own node and vmid are its parameters')
  })

  it('says in words what a query and a body may hold', () => {
    const create = route('POST /containers', {
      query: { name: { pattern: '[a-z]+', required: true }, all: { equals: true } },
      body: {
        'HostConfig.Privileged': { forbidden: true },
        Image: { oneOf: ['a', 'b'] },
        Cpu: { min: 1, max: 4 },
        Id: { resource: 'id' },
      },
      others: 'forbidden',
    })
    const shown = linesOf(may(endpoint('docker', [create]))).join('\n')
    expect(shown).toContain('query: name matches [a-z]+ (required), all is true, nothing else')
    expect(shown).toContain(
      `body: no HostConfig.Privileged, Image is one of "a" "b", Cpu is from 1 to 4, Id is the job's own id, nothing else`,
    )
  })

  it('shows what hides in a path', () => {
    expect(linesOf(may(files.read('/a\u202e/b')))).toContain('  read  read files /a\\u{202e}/b')
  })

  it('marks a secret in red', () => {
    const paint = { ...PLAIN, bad: (text: string) => `[red:${text}]` }
    const shown = linesOf(may(secret('smtp'), READ), undefined, paint).join('\n')
    expect(shown).toContain('[red:see the secret "smtp"]')
    expect(shown).not.toContain('[red:read files')
  })

  it('says what it may not, by the kinds that are not there', () => {
    expect(linesOf(plugin({ a: job({}) }))).toContain(
      'It may not: run other job types, open sockets, call services, read files, write files, see credentials, log in to other machines, run programs, keep state of its own.',
    )
    expect(linesOf(may(READ)).join('\n')).toMatch(/It may not: (?!.*read files)/)
  })

  it('leaves out job types that are not approved, and their rights', () => {
    const jobs = {
      a: job({ permissions: { r: READ } }),
      b: job({ permissions: { s: secret('x') } }),
    }
    const shown = linesOf(plugin(jobs, ['a'])).join('\n')
    expect(shown).not.toContain('secret')
    expect(shown).not.toMatch(/^ +b /m)
  })

  it('names the job types of a right where there are several', () => {
    const jobs = { a: job({ permissions: { r: READ } }), b: job({ permissions: { s: READ } }) }
    expect(linesOf(plugin(jobs))).toContain('  read  read files /proc/**  (a, b)')
  })
})

describe('what differs from the approval before', () => {
  it('is marked: a new right, one that is gone, a new job type, one that is gone', () => {
    const before = plugin({ a: job({ permissions: { r: READ } }), old: job({}) })
    const now = plugin({
      a: job({ permissions: { r: files.read('/**'), s: state() } }),
      b: job({ permissions: { r: READ } }),
    })
    const lines = linesOf(now, before)
    expect(lines).toContain('  + read  read files /**  (a)')
    expect(lines).toContain('  - read  read files /proc/**  (a)')
    expect(lines).toContain('  + read  read files /proc/**  (b)')
    expect(lines.join('\n')).toMatch(/^ {2}\+ b /m)
    expect(lines.join('\n')).toContain('- old  no longer there')
    expect(lines.at(-1)).toBe('3 permissions are new (+), 1 permission is gone (-).')
  })

  it('is marked when a right moves from a job type that changes to one that reads', () => {
    const post = endpoint('pve', ['POST /start'])
    const before = plugin({
      list: job({}),
      start: job({ effect: 'change', permissions: { post } }),
    })
    const now = plugin({
      list: job({ permissions: { post } }),
      start: job({ effect: 'change', permissions: { post } }),
    })
    const lines = linesOf(now, before).join('\n')
    expect(lines).toMatch(/ {2}\+ read {2}POST \/start .*\(list\)/)
    expect(lines).toMatch(/ {2}change {2}POST \/start .*\(start\)/)
  })

  it('is marked as changed, with what was, when bounds or limits of a right differ', () => {
    const narrow = route('POST /x', { body: { a: { max: 1 } } })
    const before = may(endpoint('e', [narrow], { timeoutMs: 1_000 }))
    const wide = may(endpoint('e', ['POST /x'], { timeoutMs: 1_000 }))
    const line = linesOf(wide, before).find((each) => each.includes('POST /x'))!
    expect(line).toMatch(/^ {2}~ read/)
    expect(line).toContain('was: body: a is at most 1, anything else; at most 1.0 s')
    const slower = linesOf(may(endpoint('e', [narrow], { timeoutMs: 9_000 })), before)
    expect(slower.join('\n')).toMatch(/~ read {2}POST \/x .*at most 9\.0 s.*was: .*at most 1\.0 s/)
  })

  it('is marked when what counts as its own, a limit or the effect of a job type differs', () => {
    const input = { properties: { id: {}, other: {} } }
    const before = plugin({ a: job({ resources: { id: 'id' }, input }) })
    const lines = linesOf(
      plugin({ a: job({ resources: { id: 'other' }, input, effect: 'destroy' }) }),
      before,
    ).join('\n')
    expect(lines).toMatch(/^ {2}~ a {2}destroy/m)
    expect(lines).toContain('effect was read')
    expect(lines).toMatch(/was at most 30 times .*its own id is its parameter/)
  })

  it('is nothing for what is the same in another order or under another name', () => {
    const { kind, paths } = READ as { kind: 'files.read'; paths: string[] }
    const before = plugin({ a: job({ permissions: { r: { paths, kind } } }) })
    const now = plugin({ a: job({ permissions: { renamed: READ } }) })
    expect(linesOf(now, before).join('\n')).not.toMatch(/[+~]|^ *-/m)
  })

  it('is nothing without an approval before', () => {
    expect(permissionsJson(may(READ))).toEqual([
      {
        job: 'a',
        effect: 'read',
        kind: 'files.read',
        on: null,
        text: 'read files /proc/**',
        bounds: [],
        change: null,
      },
    ])
  })
})
