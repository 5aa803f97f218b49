// SPDX-License-Identifier: Apache-2.0
/** Segments of text and parameters have one reading, and bring only values of the job. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decideRequest, endpoint, matchRoute, normalPath, routeFor } from '../src/index.ts'
import { patient } from '../../test/support/patience.ts'

const TASK =
  'GET /nodes/{node}/tasks/UPID:{node}:{pid:hex}:{pstart:hex}:{starttime:hex}:{type:id}:{vmid}:{user:account}:/status'
const BACKUP = 'GET /storage/{storage}/content/{storage}:backup/vzdump-{kind:id}-{vmid}-{stamp:id}'
const JOB = new Map([
  ['node', ['pve1', 'pve2']],
  ['vmid', ['101', '103']],
  ['storage', ['local']],
  ['colon', ['a:b', 'a：b', '', '..']],
  ['dash', ['a-b']],
  ['sharp', ['straße']],
])

function sent(route: string, path: string): string | undefined {
  const match = matchRoute({ route }, { method: 'GET', path }, JOB)
  return match.ok ? match.path : undefined
}

const upid = (parts: Record<string, string> = {}) => {
  const { node, id, user, type } = {
    ...{ node: 'pve1', id: '101', user: 'root@pam', type: 'qmstart' },
    ...parts,
  }
  return `UPID:${node}:000934AF:0D015579:68BF3A41:${type}:${id}:${user}:`
}
const task = (parts?: Record<string, string>) =>
  `/nodes/${parts?.['at'] ?? 'pve1'}/tasks/${upid(parts)}/status`

describe('a segment of text and parameters', () => {
  it('is sent as its values make it', () => {
    expect(sent(TASK, task())).toBe(task())
    expect(sent(TASK, task({ id: '103', user: 'ci@pve!deploy-1' }))).toBe(
      task({ id: '103', user: 'ci@pve!deploy-1' }),
    )
    const encoded = task().replaceAll(':', '%3A').replaceAll('@', '%40')
    expect(sent(TASK, encoded)).toBe(task())
    expect(sent(TASK, task().replace('UPID', '%55PID').replace('101', '%31%30%31'))).toBe(task())
    expect(
      sent(BACKUP, '/storage/local/content/local:backup/vzdump-qemu-101-2026_11_22-06_28.zst'),
    ).toBe('/storage/local/content/local:backup/vzdump-qemu-101-2026_11_22-06_28.zst')
    expect(sent('GET /{storage}:{rest:text}', '/local:a%2Fb:c')).toBe('/local:a%2Fb:c')
  })

  it('names its values', () => {
    const match = matchRoute({ route: TASK }, { method: 'GET', path: task() }, JOB)
    expect(match).toMatchObject({
      params: { node: 'pve1', type: 'qmstart', vmid: '101', user: 'root@pam', pid: '000934AF' },
    })
  })

  it('says which value is none of the job, and which changes on the way', () => {
    const why = (path: string) => matchRoute({ route: TASK }, { method: 'GET', path }, JOB)
    expect(why(task({ id: '102' }))).toEqual({ ok: false, why: '"102" is no vmid of this job' })
    expect(why(task({ node: 'pve2' }))).toEqual({
      ok: false,
      why: '{node} is "pve1" and then "pve2"',
    })
    expect(why(task({ user: 'root' }))).toEqual({
      ok: false,
      why: '"root" is no account for {user}',
    })
  })

  it.each([
    ['another guest', task({ id: '102' })],
    ['no guest', task({ id: '' })],
    ['a guest with a zero before', task({ id: '0101' })],
    ['a guest with a space', task({ id: '101%20' })],
    ['two guests', task({ id: '101:102' })],
    ['two guests the other way', task({ id: '102:101' })],
    ['a guest in other digits', task({ id: '%EF%BC%91%EF%BC%90%EF%BC%91' })],
    ['another node', task({ node: 'pve3', at: 'pve3' })],
    ['another node in the task', task({ node: 'pve3' })],
    ['two nodes of the job', task({ node: 'pve2' })],
    ['two nodes of the job the other way', task({ at: 'pve2' })],
    ['a node with its name in capitals', task({ node: 'PVE1' })],
    ['no node', task({ node: '' })],
    ['a colon too many at the end', task().replace(':/status', '::/status')],
    ['a colon too few at the end', task().replace(':/status', '/status')],
    ['more behind the end', task().replace(':/status', ':x/status')],
    ['a double colon', task().replace(':pve1:', ':pve1::')],
    ['an encoded colon too many', task().replace(':pve1:', ':pve1%3A:')],
    ['a colon that is encoded twice', task().replace(':pve1:', '%253Apve1%253A')],
    ['a colon of full width for another', task().replace(':101:', '%EF%BC%9A101:')],
    ['a colon of full width within', task({ user: 'a%EF%BC%9A@pam' })],
    ['a small colon for another', task().replace(':101:', '%EF%B9%95101:')],
    ['a ratio for a colon', task().replace(':101:', '%E2%88%B6101:')],
    ['the text in small letters', task().replace('UPID', 'upid')],
    ['the text with a letter before', task().replace('UPID', 'xUPID')],
    ['the text twice', task().replace('UPID:', 'UPID:UPID:')],
    ['no text before', task().replace('UPID:', '')],
    ['a slash inside', task({ type: 'a%2Fb' })],
    ['a backslash inside', task({ type: 'a%5Cb' })],
    ['a climb inside', task({ type: '..%2F..' })],
    ['two dots for a value', task({ type: '..' })],
    ['a NUL', task({ id: '101%00' })],
    ['a line end', task({ user: 'root@pam%0A' })],
    ['letters that are no hex', task().replace('000934AF', '000934AG')],
    ['an account with a space', task({ user: 'a%20b@pam' })],
    ['an account with a slash', task({ user: 'a%2Fb@pam' })],
    ['an account with a colon', task({ user: 'a:b@pam' })],
    ['an account without a realm', task({ user: 'root@' })],
    ['an account without a name', task({ user: '@pam' })],
    ['an account of strange letters', task({ user: 'r%C3%B6ot@pam' })],
    ['an account too long', task({ user: `${'a'.repeat(190)}@pam` })],
    ['a query', `${task()}?a=b`],
    ['a path behind', `${task()}/x`],
    ['braces', task({ id: '{vmid}' })],
    ['encoded braces', task({ id: '%7Bvmid%7D' })],
  ])('does not cover %s', (_, path) => {
    expect(sent(TASK, path)).toBeUndefined()
  })

  it.each([
    ['another guest', '/storage/local/content/local:backup/vzdump-qemu-102-2026'],
    ['another guest behind', '/storage/local/content/local:backup/vzdump-qemu-102-101-2026'],
    ['another storage', '/storage/local/content/other:backup/vzdump-qemu-101-2026'],
    ['another folder', '/storage/local/content/local:iso/vzdump-qemu-101-2026'],
    ['a dash in the kind', '/storage/local/content/local:backup/vzdump-a-qemu-101-2026'],
    ['no stamp', '/storage/local/content/local:backup/vzdump-qemu-101-'],
    ['an empty kind', '/storage/local/content/local:backup/vzdump--101-2026'],
    ['a climb', '/storage/local/content/local:backup/..'],
    ['a slash encoded', '/storage/local/content/local:backup%2Fvzdump-qemu-101-2026'],
  ])('of a backup does not cover %s', (_, path) => {
    expect(sent(BACKUP, path)).toBeUndefined()
  })

  it('brings no value that holds the text behind it, though the signed input names it', () => {
    expect(sent('GET /{colon}:{vmid}', '/a:b:101')).toBeUndefined()
    expect(sent('GET /{colon}:{vmid}', '/a%EF%BC%9Ab:101')).toBeUndefined()
    expect(sent('GET /{vmid}:{colon}', '/101:a:b')).toBe('/101:a:b')
    expect(sent('GET /{dash}-{vmid}', '/a-b-101')).toBeUndefined()
    expect(sent('GET /{dash}:{vmid}', '/a-b:101')).toBe('/a-b:101')
  })

  it('has one reading for a service that folds case or forms first', () => {
    expect(sent('GET /{a:segment}-disk-{vmid}', '/1-disk-101')).toBe('/1-disk-101')
    expect(sent('GET /{a:segment}-disk-{vmid}', '/102-DISK-2-disk-101')).toBeUndefined()
    expect(sent('GET /{a:segment}-disk-{vmid}', '/102-%EF%BC%A4isk-2-disk-101')).toBeUndefined()
    expect(sent('GET /{sharp}:{vmid}', '/stra%C3%9Fe:101')).toBe('/stra%C3%9Fe:101')
    expect(sent('GET /{sharp}ss{vmid}', '/stra%C3%9Fess101')).toBeUndefined()
    // U+0338 makes one character of itself and the = before it.
    expect(sent('GET /x={a:segment}', '/x=%CC%B8a')).toBeUndefined()
    expect(sent('GET /x={a:segment}', '/x=a')).toBe('/x=a')
  })

  it.each(['', '..', '.', ';x'])('brings no %p, even where the signed input holds it', (value) => {
    expect(sent('GET /x:{colon}', `/x:${value}`)).toBeUndefined()
    expect(sent('GET /x:{a:segment}', `/x:${value}`)).toBeUndefined()
  })

  it.each([
    'root@pam',
    'a.b-c_d@pve',
    'ci@pve!deploy',
    'me@example.org@ad',
    '91a1da29-a47d@pam!x-1',
  ])('takes the account %s', (user) => {
    expect(sent(TASK, task({ user }))).toBe(task({ user }))
  })

  it('is read in a time that grows with its length only', () => {
    const long = 'a:'.repeat(120)
    const route = `GET /${Array.from({ length: 60 }, (_, at) => `{a${at}:id}`).join(':')}`
    const started = performance.now()
    for (let times = 0; times < 1_000; times += 1) expect(sent(route, `/${long}`)).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(patient(5_000))
  })
})

const piece = fc.oneof(
  fc.constantFrom('pve1', 'pve2', 'pve3', '101', '102', '103', 'UPID', 'qmstart', 'root@pam', 'AF'),
  fc.constantFrom(':', '::', '%3A', '%253A', '%EF%BC%9A', '-', '%2F', '..', '%00', '', ' ', '%25'),
  fc
    .string({ maxLength: 3, unit: 'binary' })
    .map((text) => encodeURIComponent(text.toWellFormed())),
)
const parts = fc.array(piece, { maxLength: 3 }).map((texts) => texts.join(''))
const mostly = (...good: string[]) =>
  fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 4 }, parts)
const anyTask = fc
  .record({
    at: fc.constantFrom('pve1', 'pve1', 'pve2', 'pve3'),
    node: mostly('pve1'),
    id: mostly('101', '103', '102'),
    type: mostly('qmstart'),
    user: mostly('root@pam'),
  })
  .map(task)

/** What a service reads in a path that reached it. */
const SERVICE =
  /^\/nodes\/([^/]+)\/tasks\/UPID:([^:\s/]+):([0-9A-Fa-f]+):([0-9A-Fa-f]+):([0-9A-Fa-f]+):([^:\s/]+):([^:\s/]*):([^:\s/]+):\/status$/

describe('whatever a plugin asks for', () => {
  it('reaches tasks of the job’s own guests on its own nodes, or nothing', () => {
    let sentCount = 0
    fc.assert(
      fc.property(anyTask, (path) => {
        const out = sent(TASK, path)
        if (out === undefined) return
        sentCount += 1
        const read = SERVICE.exec(decodeURIComponent(out))
        expect(['pve1', 'pve2']).toContain(read?.[1])
        expect(read?.[2]).toBe(read?.[1])
        expect(['101', '103']).toContain(read?.[7])
        expect(sent(TASK, out)).toBe(out)
        expect(normalPath(out)).toBe(out)
        expect(new URL(`http://x${out}`).pathname).toBe(out)
      }),
      { numRuns: 3_000 },
    )
    expect(sentCount).toBeGreaterThan(20)
  })

  it('with any other value for the guest is refused', () => {
    const value = fc.oneof(
      fc.integer({ min: 0, max: 999_999_999 }).map(String),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(value, (text) => {
        fc.pre(text !== '101' && text !== '103' && text.isWellFormed())
        expect(sent(TASK, task({ id: encodeURIComponent(text) }))).toBeUndefined()
        expect(sent(TASK, task({ id: text }))).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })

  it('is put together again as it was read, for any text between any values', () => {
    const literal = fc.constantFrom(':', '-', '::', '-disk-', '.', '@', 'x')
    const value = fc.string({ minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(literal, value, value, (between, one, two) => {
        const route = `GET /v${between}{a:text}${between}{b:text}`
        const text = `v${between}${one}${between}${two}`
        const path = `/${encodeURIComponent(text)}`
        const match = matchRoute({ route }, { method: 'GET', path }, JOB)
        if (!match.ok) return
        expect(decodeURIComponent(match.path.slice(1))).toBe(text)
        expect(match.params['a']).not.toContain(between)
        expect(`v${between}${match.params['a']}${between}${match.params['b']}`).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a denial', () => {
  it('suggests a route that is bound to the resources within a segment', () => {
    const resources = new Map([
      ['node', ['pve1']],
      ['vmid', ['101']],
      ['storage', ['local-lvm']],
    ])
    const suggested = (path: string) => routeFor({ method: 'GET', path }, resources)
    expect(suggested(task())).toBe(
      'GET /nodes/{node}/tasks/UPID:{node}:{part1:hex}:{part2:hex}:{part3:hex}:qmstart:{vmid}:{part4:account}:/status',
    )
    expect(suggested('/content/local-lvm:vm-101-disk-0')).toBe(
      'GET /content/{storage}:vm-{vmid}-disk-0',
    )
    expect(suggested('/tasks/UPID:other:000934AF:')).toBe('GET /tasks/UPID:other:000934AF:')
    for (const path of [task(), '/content/local-lvm:vm-101-disk-0']) {
      const found = endpoint('pve', [suggested(path) as `GET /${string}`])
      const decision = decideRequest(found, { method: 'GET', path }, resources)
      expect(decision).toMatchObject({ allowed: true, request: { path } })
    }
  })
})
