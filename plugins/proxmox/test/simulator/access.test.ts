// SPDX-License-Identifier: GPL-3.0-or-later
/** Users, tokens, groups, roles and the access control list, asked for and changed over the interface. */
import { describe, expect, it } from '@jest/globals'
import { logIn, openFront } from '../support/front.ts'
import type { FrontUnderTest } from '../support/front.ts'

const joined = (what: string, why: string) =>
  `${what} failed: error during cfs-locked 'file-user_cfg' operation: ${why}`

/** A cluster with joe, who is in the group `ops`. */
function withJoe(): FrontUnderTest {
  const front = openFront()
  front.change('POST', '/access/groups', 'groupid=ops&comment=those+on+duty')
  front.change(
    'POST',
    '/access/users',
    'userid=joe@pve&password=joes-password&groups=ops&firstname=Joe',
  )
  return front
}

const read = (front: FrontUnderTest, path: string) => front.send({ path }).json.data

describe('users', () => {
  it('are made, shown, changed and removed with all that is theirs', () => {
    const front = withJoe()
    front.change('POST', '/access/users/joe@pve/token/ci')
    front.change('PUT', '/access/acl', 'path=/&roles=PVEAuditor&users=joe@pve&tokens=joe@pve!ci')
    expect(read(front, '/access/users/joe@pve')).toEqual({
      enable: 1,
      expire: 0,
      firstname: 'Joe',
      groups: ['ops'],
      tokens: { ci: { privsep: 1, expire: 0 } },
    })
    front.change('PUT', '/access/users/joe@pve', 'enable=0&comment=away&groups=')
    expect(read(front, '/access/users?full=1')).toContainEqual({
      userid: 'joe@pve',
      enable: 0,
      expire: 0,
      firstname: 'Joe',
      comment: 'away',
      groups: '',
      'realm-type': 'pve',
      tokens: [{ tokenid: 'ci', privsep: 1, expire: 0 }],
    })
    front.change('DELETE', '/access/users/joe@pve')
    expect(read(front, '/access/acl')).toEqual([])
    expect(read(front, '/access/users')).toHaveLength(1)
  })

  it('log in with their password until it is changed', () => {
    const front = withJoe()
    expect(logIn(front.simulator, 'joe@pve', 'joes-password')['csrfpreventiontoken']).not.toBe('')
    front.change('PUT', '/access/password', 'userid=joe@pve&password=other-password')
    expect(logIn(front.simulator, 'joe@pve', 'joes-password')['csrfpreventiontoken']).toBe('')
  })

  it('see themselves, and others only with the right on one of their groups', () => {
    const front = withJoe()
    const headers = logIn(front.simulator, 'joe@pve', 'joes-password')
    const seen = () => front.send({ path: '/access/users', login: 'nobody', headers }).json.data
    expect(seen()).toMatchObject([{ userid: 'joe@pve' }])
    front.change('PUT', '/access/acl', 'path=/access/groups&roles=PVEUserAdmin&users=joe@pve')
    expect(seen()).toHaveLength(2)
  })
})

describe('tokens', () => {
  it('show their secret once', () => {
    const front = withJoe()
    const made = front.change('POST', '/access/users/joe@pve/token/ci', 'comment=for+ci')
    expect(made).toEqual({
      'full-tokenid': 'joe@pve!ci',
      info: { privsep: 1, comment: 'for ci' },
      value: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
    })
    const { value } = made as { value: string }
    const shown = [
      '/access/users/joe@pve/token/ci',
      '/access/users/joe@pve/token',
      '/access/users?full=1',
    ]
    for (const path of shown) expect(front.send({ path }).text).not.toContain(value)
  })

  it('get another secret on request, and the old one is refused', () => {
    const front = withJoe()
    const old = front.change('POST', '/access/users/joe@pve/token/ci') as { value: string }
    const next = front.change('PUT', '/access/users/joe@pve/token/ci', 'regenerate=1') as {
      value: string
    }
    const status = ({ value }: { value: string }) =>
      front.send({ login: { token: `joe@pve!ci=${value}` } }).status
    expect([status(old), status(next)]).toEqual([401, 200])
  })

  it('are refused from when they have expired, or are removed', () => {
    const front = withJoe()
    const expire = Math.floor(front.simulator.world.now() / 1000) + 60
    const { value } = front.change(
      'POST',
      '/access/users/joe@pve/token/ci',
      `expire=${expire}`,
    ) as { value: string }
    const status = () => front.send({ login: { token: `joe@pve!ci=${value}` } }).status
    expect(status()).toBe(200)
    front.pass(61_000)
    expect(status()).toBe(401)
    front.change('PUT', '/access/users/joe@pve/token/ci', 'expire=0')
    expect(status()).toBe(200)
    front.change('DELETE', '/access/users/joe@pve/token/ci')
    expect(status()).toBe(401)
  })
})

describe('permissions', () => {
  it('are shown for a path, with whether they reach below it', () => {
    const front = withJoe()
    front.change('PUT', '/access/acl', 'path=/vms/100&roles=PVETemplateUser&groups=ops&propagate=0')
    expect(read(front, '/access/permissions?userid=joe@pve&path=/vms/100')).toEqual({
      '/vms/100': { 'VM.Audit': 0, 'VM.Clone': 0 },
    })
    expect(read(front, '/access/permissions?userid=joe@pve&path=/vms/101')).toEqual({
      '/vms/101': {},
    })
  })

  it('are shown for every path on which one has some', () => {
    const front = withJoe()
    front.change('PUT', '/access/acl', 'path=/vms&roles=PVETemplateUser&users=joe@pve')
    expect(read(front, '/access/permissions?userid=joe@pve')).toEqual({
      '/vms': { 'VM.Audit': 1, 'VM.Clone': 1 },
    })
  })

  it('of others are shown only with the right to see them, of own tokens always', () => {
    const front = withJoe()
    front.change('POST', '/access/users/joe@pve/token/ci')
    const headers = logIn(front.simulator, 'joe@pve', 'joes-password')
    const status = (user: string) =>
      front.send({ path: `/access/permissions?userid=${user}`, login: 'nobody', headers }).status
    expect(['joe@pve', 'joe@pve!ci', 'root@pam'].map(status)).toEqual([200, 200, 403])
  })
})

describe('the access control list', () => {
  it('is changed by who has the right to change it, and shown in part to others', () => {
    const front = withJoe()
    const headers = logIn(front.simulator, 'joe@pve', 'joes-password')
    const give = (path: string, role: string) =>
      front.send({
        method: 'PUT',
        path: '/access/acl',
        body: `path=${path}&roles=${role}&users=joe@pve`,
        login: 'nobody',
        headers,
      })
    expect(give('/vms/100', 'PVEAuditor').status).toBe(403)
    front.change('PUT', '/access/acl', 'path=/vms/100&roles=PVEVMAdmin&users=joe@pve')
    expect(give('/vms/100', 'PVEVMUser').status).toBe(200)
    expect(give('/vms/101', 'PVEVMUser').status).toBe(403)
    expect(give('/vms/100', 'Administrator').json.errors).toEqual({
      role: "Cannot add role 'Administrator' - requires 'Permissions.Modify' or superset of privileges.",
    })
    const seen = front.send({ path: '/access/acl', login: 'nobody', headers })
    expect(seen.json.data).toEqual([])
  })

  it.each([
    [
      'a path that is none',
      'path=/virtual&roles=PVEAuditor&users=joe@pve',
      "invalid ACL path '/virtual'",
    ],
    [
      'a guest of two digits',
      'path=/vms/12&roles=PVEAuditor&users=joe@pve',
      "invalid ACL path '/vms/12'",
    ],
  ])('does not take %s', (_, body, path) => {
    const seen = withJoe().send({ method: 'PUT', path: '/access/acl', body })
    expect(seen).toMatchObject({ status: 400, json: { errors: { path } } })
  })

  it('has an entry once, however often it is made', () => {
    const front = withJoe()
    for (const propagate of [1, 0]) {
      front.change(
        'PUT',
        '/access/acl',
        `path=/vms/&roles=PVEAuditor&users=joe@pve&propagate=${propagate}`,
      )
    }
    expect(read(front, '/access/acl')).toEqual([
      { path: '/vms', type: 'user', ugid: 'joe@pve', roleid: 'PVEAuditor', propagate: 0 },
    ])
    front.change('PUT', '/access/acl', 'path=/vms&roles=PVEAuditor&users=joe@pve&delete=1')
    expect(read(front, '/access/acl')).toEqual([])
  })
})

describe('a role of one’s own', () => {
  it('is made, extended, used and removed together with its entries', () => {
    const front = withJoe()
    front.change('POST', '/access/roles', 'roleid=Starter&privs=VM.Audit')
    front.change('PUT', '/access/roles/Starter', 'privs=VM.PowerMgmt&append=1')
    front.change('PUT', '/access/acl', 'path=/&roles=Starter&groups=ops')
    expect(read(front, '/access/roles/Starter')).toEqual({ 'VM.Audit': 1, 'VM.PowerMgmt': 1 })
    expect(read(front, '/access/roles')).toContainEqual({
      roleid: 'Starter',
      privs: 'VM.Audit,VM.PowerMgmt',
      special: 0,
    })
    front.change('DELETE', '/access/roles/Starter')
    expect(read(front, '/access/acl')).toEqual([])
  })
})

interface Failure {
  readonly name: string
  readonly request: readonly ['POST' | 'PUT' | 'DELETE', string, string?]
  readonly status: number
  readonly why: string
}

const FAILURES: readonly Failure[] = [
  {
    name: 'a user that is there',
    request: ['POST', '/access/users', 'userid=joe@pve'],
    status: 500,
    why: joined('create user', "user 'joe@pve' already exists"),
  },
  {
    name: 'a group that is there',
    request: ['POST', '/access/groups', 'groupid=ops'],
    status: 500,
    why: joined('create group', "group 'ops' already exists"),
  },
  {
    name: 'a role that is there',
    request: ['POST', '/access/roles', 'roleid=Administrator'],
    status: 500,
    why: joined('create role', "role 'Administrator' already exists"),
  },
  {
    name: 'a user that is not there',
    request: ['PUT', '/access/users/ann@pve', 'comment=x'],
    status: 500,
    why: "no such user ('ann@pve')",
  },
  {
    name: 'a token that is not there',
    request: ['DELETE', '/access/users/joe@pve/token/no'],
    status: 500,
    why: "no such token 'no' for user 'joe@pve'",
  },
  {
    name: 'a role that comes with the system',
    request: ['DELETE', '/access/roles/PVEAdmin'],
    status: 500,
    why: joined('delete role', "auto-generated role 'PVEAdmin' cannot be changed"),
  },
  {
    name: 'a privilege that is none',
    request: ['POST', '/access/roles', 'roleid=Mine&privs=VM.Fly'],
    status: 400,
    why: 'Parameter verification failed.',
  },
  {
    name: 'an entry for nobody',
    request: ['PUT', '/access/acl', 'path=/&roles=PVEAdmin'],
    status: 400,
    why: 'Parameter verification failed.',
  },
]

describe('a change of access', () => {
  it.each(FAILURES)(
    'is refused for $name',
    ({ request: [method, path, body = ''], status, why }) => {
      expect(withJoe().send({ method, path, body })).toMatchObject({ status, reason: why })
    },
  )

  it('needs the quorum of the cluster', () => {
    const front = openFront({ offline: ['pve2', 'pve3'] })
    const seen = front.send({ method: 'POST', path: '/access/groups', body: 'groupid=ops' })
    expect(seen).toMatchObject({
      status: 500,
      reason: "create group failed: cfs-lock 'file-user_cfg' error: no quorum!",
    })
    expect(front.simulator.world.access.groups.size).toBe(0)
  })
})
