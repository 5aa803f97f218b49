// SPDX-License-Identifier: GPL-3.0-or-later
/** Who may what: roles, groups, propagation, pools and tokens. */
import { describe, expect, it } from '@jest/globals'
import { openAccessView } from '../../src/simulator/permissions.ts'
import { logIn, openFront } from '../support/front.ts'
import type { FrontUnderTest } from '../support/front.ts'

/** An entry in short: kind, who, path, role, and whether it holds here only. */
type Entry = readonly ['user' | 'group' | 'token', string, string, string, 'here only'?]

const JOE = 'joe@pve'
const TOKEN = 'joe@pve!t'

/** A cluster with these entries; joe is in the groups `ops` and `night` and has a token. */
function openWith(entries: readonly Entry[], isSeparated = true): FrontUnderTest {
  const front = openFront()
  const { access } = front.simulator.world
  const token = { id: 't', secret: 'secret', isSeparated, expiresAtMs: 0, comment: '' }
  const about = { password: 'joes-password', isEnabled: true, comment: '', email: '' }
  access.users.set(JOE, { id: JOE, ...about, tokens: new Map([['t', token]]) })
  for (const group of ['ops', 'night']) {
    access.groups.set(group, { comment: '', members: new Set([JOE]) })
  }
  for (const [kind, who, path, role, only] of entries) {
    access.acl.push({ kind, who, path, role, propagates: only === undefined })
  }
  return front
}

interface Case {
  readonly name: string
  readonly entries: readonly Entry[]
  readonly who?: string
  readonly isSeparated?: boolean
  readonly path: string
  readonly may: readonly string[]
  readonly mayNot: readonly string[]
}

const CASES: readonly Case[] = [
  {
    name: 'a role on a path holds below it',
    entries: [['user', JOE, '/vms', 'PVEVMUser']],
    path: '/vms/100',
    may: ['VM.Audit', 'VM.PowerMgmt'],
    mayNot: ['VM.Allocate'],
  },
  {
    name: 'a role that does not propagate holds on its path',
    entries: [['user', JOE, '/vms', 'PVEVMUser', 'here only']],
    path: '/vms',
    may: ['VM.Audit'],
    mayNot: [],
  },
  {
    name: 'and not below it',
    entries: [['user', JOE, '/vms', 'PVEVMUser', 'here only']],
    path: '/vms/100',
    may: [],
    mayNot: ['VM.Audit'],
  },
  {
    name: 'a nearer entry takes the place of a farther one',
    entries: [
      ['user', JOE, '/', 'Administrator'],
      ['user', JOE, '/vms/100', 'PVEAuditor'],
    ],
    path: '/vms/100',
    may: ['VM.Audit'],
    mayNot: ['VM.PowerMgmt'],
  },
  {
    name: 'a nearer entry of a group takes the place of a farther one of the user',
    entries: [
      ['user', JOE, '/', 'Administrator'],
      ['group', 'ops', '/vms', 'PVEAuditor'],
    ],
    path: '/vms/100',
    may: ['VM.Audit'],
    mayNot: ['VM.PowerMgmt'],
  },
  {
    name: 'on one path the entry of the user beats that of its group',
    entries: [
      ['group', 'ops', '/vms', 'PVEVMAdmin'],
      ['user', JOE, '/vms', 'PVEAuditor'],
    ],
    path: '/vms/100',
    may: ['VM.Audit'],
    mayNot: ['VM.PowerMgmt'],
  },
  {
    name: 'the roles of several groups add up',
    entries: [
      ['group', 'ops', '/', 'PVEVMUser'],
      ['group', 'night', '/', 'PVEDatastoreUser'],
    ],
    path: '/vms/100',
    may: ['VM.PowerMgmt', 'Datastore.AllocateSpace'],
    mayNot: ['VM.Allocate'],
  },
  {
    name: 'NoAccess on a path takes all other roles there away',
    entries: [
      ['user', JOE, '/', 'Administrator'],
      ['user', JOE, '/vms/100', 'NoAccess'],
      ['user', JOE, '/vms/100', 'PVEAuditor'],
    ],
    path: '/vms/100',
    may: [],
    mayNot: ['VM.Audit'],
  },
  {
    name: 'the group of others gives nothing',
    entries: [['group', 'strangers', '/', 'Administrator']],
    path: '/vms/100',
    may: [],
    mayNot: ['VM.Audit'],
  },
  {
    name: 'a separated token without entries may nothing, whatever its user may',
    entries: [['user', JOE, '/', 'Administrator']],
    who: TOKEN,
    path: '/vms/100',
    may: [],
    mayNot: ['VM.Audit'],
  },
  {
    name: 'a separated token may what both it and its user may',
    entries: [
      ['user', JOE, '/', 'PVEAuditor'],
      ['token', TOKEN, '/', 'PVEVMUser'],
    ],
    who: TOKEN,
    path: '/vms/100',
    may: ['VM.Audit'],
    mayNot: ['VM.PowerMgmt', 'Datastore.Audit'],
  },
  {
    name: 'a token that is not separated may what its user may',
    entries: [['user', JOE, '/', 'PVEVMUser']],
    who: TOKEN,
    isSeparated: false,
    path: '/vms/100',
    may: ['VM.PowerMgmt'],
    mayNot: ['VM.Allocate'],
  },
  {
    name: 'a token has nothing of the groups of its user',
    entries: [['group', 'ops', '/', 'Administrator']],
    who: TOKEN,
    path: '/vms/100',
    may: [],
    mayNot: ['VM.Audit'],
  },
  {
    name: 'root@pam may everything without an entry',
    entries: [],
    who: 'root@pam',
    path: '/access',
    may: ['Permissions.Modify', 'VM.Allocate'],
    mayNot: [],
  },
]

describe('who may what', () => {
  it.each(CASES)('$name', ({ entries, who = JOE, isSeparated, path, may, mayNot }) => {
    const view = openAccessView(openWith(entries, isSeparated).simulator.world)
    const has = [...view.privileges(who, path).keys()]
    expect(may.filter((privilege) => !has.includes(privilege))).toEqual([])
    expect(mayNot.filter((privilege) => has.includes(privilege))).toEqual([])
  })

  it('a separated token of root@pam may only what entries say', () => {
    const front = openFront()
    const login = { token: `root@pam!x1=${String(tokenOf(front, 'root@pam', 'x1').value)}` }
    expect(front.send({ path: '/cluster/status', login }).status).toBe(403)
    front.change('PUT', '/access/acl', 'path=/&roles=PVEAuditor&tokens=root@pam!x1')
    expect(front.send({ path: '/cluster/status', login }).status).toBe(200)
  })

  it('a guest of a pool has the roles of the pool', () => {
    const front = openWith([['user', JOE, '/pool/lab', 'PVEVMUser']])
    const { world } = front.simulator
    const before = openAccessView(world).mayAny(JOE, '/vms/100', ['VM.PowerMgmt'])
    front.change('POST', '/pools', 'poolid=lab')
    front.change('PUT', '/pools', 'poolid=lab&vms=100')
    const after = openAccessView(world)
    expect(before).toBe(false)
    expect(after.mayAny(JOE, '/vms/100', ['VM.PowerMgmt'])).toBe(true)
    expect(after.mayAny(JOE, '/vms/101', ['VM.PowerMgmt'])).toBe(false)
  })
})

describe('a fresh token', () => {
  it('that is separated gets 200 and an empty list', () => {
    const front = openFront()
    const login = { token: `root@pam!x1=${String(tokenOf(front, 'root@pam', 'x1').value)}` }
    for (const path of ['/cluster/resources?type=vm', '/nodes/pve1/qemu', '/storage', '/pools']) {
      expect(front.send({ path, login })).toMatchObject({ status: 200, json: { data: [] } })
    }
  })
})

describe('a right that is missing', () => {
  const refusal = (entries: readonly Entry[], method: string, path: string, body = '') => {
    const front = openWith(entries)
    const form = method === 'GET' ? {} : { body }
    return front.send({ method, path, ...form, login: { token: 'joe@pve!t=secret' } })
  }

  it.each([
    [
      'the path and the privilege',
      'GET',
      '/nodes/pve1/qemu/100/status/current',
      '/vms/100, VM.Audit',
    ],
    [
      'the first of several privileges',
      'POST',
      '/nodes/pve1/qemu/100/status/stop',
      '/vms/100, VM.PowerMgmt',
    ],
    [
      'all of those of which one would do',
      'POST',
      '/nodes/pve1/qemu/100/snapshot/a/rollback',
      '/vms/100, VM.Snapshot|VM.Snapshot.Rollback',
    ],
    ['what nobody but root may', 'PUT', '/access/acl', '/vms/100, Permissions.Modify|VM.Allocate'],
  ])('is refused with %s', (_, method, path, what) => {
    const body = path === '/access/acl' ? 'path=/vms/100&roles=PVEAdmin&users=joe@pve' : ''
    const seen = refusal([], method, path, body)
    expect(seen).toMatchObject({ status: 403, reason: `Permission check failed (${what})` })
    expect(seen.json).toEqual({ data: null, message: `Permission check failed (${what})\n` })
  })

  it('comes before parameters are looked at', () => {
    expect(refusal([], 'POST', '/nodes/pve1/qemu/100/status/stop', 'nonsense=1').status).toBe(403)
  })

  it('of a clone may be one on the new guest, or one on the pool it goes to', () => {
    const both = (entry: Entry): Entry[] => [entry, ['token', TOKEN, entry[2], entry[3]]]
    const space: Entry[] = both(['user', JOE, '/storage', 'PVEDatastoreUser'])
    const clone: Entry[] = [...both(['user', JOE, '/vms/9000', 'PVETemplateUser']), ...space]
    const pooled = both(['user', JOE, '/pool', 'PVEVMAdmin'])
    const path = '/nodes/pve1/qemu/9000/clone'
    const ask = (entries: Entry[], body: string) => refusal(entries, 'POST', path, body).status
    expect(ask(clone, 'newid=555')).toBe(403)
    expect(ask([...clone, ...pooled], 'newid=555')).toBe(403)
    expect(ask([...clone, ...pooled], 'newid=555&pool=lab')).not.toBe(403)
    const own = both(['user', JOE, '/vms/555', 'PVEVMAdmin'])
    expect(ask([...clone, ...own], 'newid=555')).not.toBe(403)
  })
})

interface UserChange {
  readonly name: string
  /** What joe has, beside `Realm.AllocateUser` on the realm `pve`. */
  readonly entries: readonly Entry[]
  readonly request: readonly ['POST' | 'PUT' | 'GET' | 'DELETE', string, string?]
  /** Undefined when it passes. */
  readonly refusal?: string
}

const OVER_OPS: Entry = ['user', JOE, '/access/groups/ops', 'PVEUserAdmin']
const OVER_ALL: Entry = ['user', JOE, '/access/groups', 'PVEUserAdmin']

const USER_CHANGES: readonly UserChange[] = [
  {
    name: 'makes users without a group by a right on all groups',
    entries: [OVER_ALL],
    request: ['POST', '/access/users', 'userid=new@pve'],
  },
  {
    name: 'makes none by a right on one group',
    entries: [OVER_OPS],
    request: ['POST', '/access/users', 'userid=new@pve'],
    refusal: ' (/access/groups, User.Modify)',
  },
  {
    name: 'makes users in the group on which there is a right',
    entries: [OVER_OPS],
    request: ['POST', '/access/users', 'userid=new@pve&groups=ops'],
  },
  {
    name: 'makes none in another group',
    entries: [OVER_OPS],
    request: ['POST', '/access/users', 'userid=new@pve&groups=ops,day'],
    refusal: ' (/access/groups/day, User.Modify)',
  },
  {
    name: 'makes none in another realm',
    entries: [OVER_ALL],
    request: ['POST', '/access/users', 'userid=new@pam'],
    refusal: ' (/access/realm/pam, Realm.AllocateUser)',
  },
  {
    name: 'changes the members of the group on which there is a right',
    entries: [OVER_OPS],
    request: ['PUT', '/access/users/ann@pve', 'comment=x'],
  },
  {
    name: 'does not change others',
    entries: [OVER_OPS],
    request: ['PUT', '/access/users/bob@pve', 'comment=x'],
    refusal: '',
  },
  {
    name: 'makes tokens of one’s own without any right',
    entries: [],
    request: ['POST', '/access/users/joe@pve/token/new'],
  },
  {
    name: 'makes no tokens of others without one',
    entries: [],
    request: ['POST', '/access/users/ann@pve/token/new'],
    refusal: '',
  },
  {
    name: 'changes the own password',
    entries: [],
    request: ['PUT', '/access/password', 'userid=joe@pve&password=next-password'],
  },
  {
    name: 'does not change the password of others',
    entries: [],
    request: ['PUT', '/access/password', 'userid=bob@pve&password=next-password'],
    refusal: '',
  },
]

describe('who looks after users', () => {
  it.each(USER_CHANGES)('$name', ({ entries, request: [method, path, body = ''], refusal }) => {
    const front = openWith([['user', JOE, '/access/realm/pve', 'PVEUserAdmin'], ...entries])
    const { groups } = front.simulator.world.access
    groups.set('day', { comment: '', members: new Set() })
    for (const user of ['ann', 'bob']) front.change('POST', '/access/users', `userid=${user}@pve`)
    groups.get('ops')!.members.add('ann@pve')
    const headers = logIn(front.simulator, JOE, 'joes-password')
    const form = method === 'GET' ? {} : { body }
    const seen = front.send({ method, path, ...form, login: 'nobody', headers })
    expect(seen.reason).toBe(refusal === undefined ? 'OK' : `Permission check failed${refusal}`)
  })
})

function tokenOf(front: FrontUnderTest, user: string, id: string): { value?: unknown } {
  return front.change('POST', `/access/users/${user}/token/${id}`) as { value?: unknown }
}
