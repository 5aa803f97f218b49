// SPDX-License-Identifier: GPL-3.0-or-later
/** Logging in: tickets, CSRF tokens and API tokens. */
import { describe, expect, it } from '@jest/globals'
import { grantToken } from '../../src/simulator/grant.ts'
import { logIn, openFront } from '../support/front.ts'
import type { ByHand, FrontUnderTest } from '../support/front.ts'

const HOUR_MS = 60 * 60 * 1000
const START = { method: 'POST', path: '/nodes/pve1/qemu/100/status/start' } as const
const UNKNOWN = '11111111-1111-4111-a111-111111111111'

/** A cluster with an account `joe@pve` and its token. */
function withJoe(version: '8.4' | '9.2' = '9.2'): FrontUnderTest & { joesToken: string } {
  const front = openFront({ version })
  const secret = grantToken(front.simulator.world, { token: 'joe@pve!t' })
  return { ...front, joesToken: `joe@pve!t=${secret}` }
}

interface Refusal {
  readonly name: string
  readonly request: (front: ReturnType<typeof withJoe>) => ByHand
  readonly prepare?: (front: ReturnType<typeof withJoe>) => void
  /** What 8.4 said; newer versions tell nobody why. */
  readonly old: string
  readonly new?: string
}

const joe = (front: ReturnType<typeof withJoe>) =>
  front.simulator.world.access.users.get('joe@pve')!
const byToken = (front: ReturnType<typeof withJoe>): ByHand => ({
  login: { token: front.joesToken },
})

const REFUSALS: readonly Refusal[] = [
  {
    name: 'nobody',
    request: () => ({ login: 'nobody' }),
    old: 'No ticket',
    new: 'No ticket',
  },
  {
    name: 'a ticket that is none',
    request: () => ({
      login: 'nobody',
      headers: { cookie: 'PVEAuthCookie=PVE:root@pam:6A000000::abc' },
    }),
    old: 'permission denied - invalid PVE ticket',
  },
  {
    name: 'a token with another secret',
    request: () => ({ login: { token: `joe@pve!t=${UNKNOWN}` } }),
    old: 'invalid token value!',
  },
  {
    name: 'a token that is not there',
    request: () => ({ login: { token: `joe@pve!other=${UNKNOWN}` } }),
    old: "no such token 'other' for user 'joe@pve'",
  },
  {
    name: 'the token of a user that is disabled',
    prepare: (front) => void (joe(front).isEnabled = false),
    request: byToken,
    old: "user 'joe@pve' is disabled",
  },
  {
    name: 'the token of a user that has expired',
    prepare: (front) => void (joe(front).expiresAtMs = front.simulator.world.now() - 1),
    request: byToken,
    old: "user 'joe@pve' is disabled",
  },
  {
    name: 'a token that has expired',
    prepare: (front) => {
      joe(front).tokens.get('t')!.expiresAtMs = front.simulator.world.now() + HOUR_MS
      front.pass(HOUR_MS + 1)
    },
    request: byToken,
    old: "token 't' access expired",
  },
]

describe('a login that is refused', () => {
  it.each(REFUSALS)('as $name is 401 after three seconds, with an empty body', (refusal) => {
    const front = withJoe()
    refusal.prepare?.(front)
    const reason = refusal.new ?? 'Authentication failed!'
    expect(front.send(refusal.request(front))).toMatchObject({
      status: 401,
      reason,
      text: '',
      delayMs: 3000,
    })
  })

  it.each(REFUSALS)('as $name is told why by 8.4', (refusal) => {
    const front = withJoe('8.4')
    refusal.prepare?.(front)
    expect(front.send(refusal.request(front))).toMatchObject({ status: 401, reason: refusal.old })
  })

  it('waits as long as the options say', () => {
    const front = openFront({ loginDelayMs: 40 })
    expect(front.send({ login: 'nobody' }).delayMs).toBe(40)
  })

  it('comes before it is looked whether there is such a path', () => {
    expect(openFront().send({ path: '/no', login: 'nobody' }).status).toBe(401)
  })
})

describe('a password', () => {
  const attempt = (body: string): ByHand => ({
    method: 'POST',
    path: '/access/ticket',
    login: 'nobody',
    body,
  })

  it('that is wrong is refused late, in JSON', () => {
    const seen = openFront().send(attempt('username=root@pam&password=nope'))
    expect(seen).toMatchObject({ status: 401, reason: 'authentication failure', delayMs: 3000 })
    expect(seen.json).toEqual({ data: null, message: 'authentication failure\n' })
  })

  it.each([
    ['with the realm in the name', 'username=root@pam&password=sallyport-root'],
    ['with a realm of its own', 'username=root&realm=pam&password=sallyport-root'],
  ])('%s gives a ticket, a CSRF token and what one may', (_, body) => {
    const { data } = openFront().send(attempt(body)).json
    expect(data).toMatchObject({
      username: 'root@pam',
      clustername: 'lab',
      ticket: expect.stringMatching(/^PVE:root@pam:[0-9A-F]{8}::[A-Za-z0-9+/=]{40,}$/),
      CSRFPreventionToken: expect.stringMatching(/^[0-9A-F]{8}:/),
      cap: { vms: { 'VM.Audit': 1 } },
    })
  })

  it('of a user that is disabled is refused', () => {
    const front = openFront()
    front.simulator.world.access.users.get('root@pam')!.isEnabled = false
    expect(front.send(attempt('username=root@pam&password=sallyport-root')).status).toBe(401)
  })

  it('may be a ticket that is still good', () => {
    const front = openFront()
    const ticket = logIn(front.simulator)['cookie']!.replace('PVEAuthCookie=', '')
    expect(front.send(attempt(`username=root@pam&password=${ticket}`)).status).toBe(200)
    expect(front.send(attempt(`username=joe@pve&password=${ticket}`)).status).toBe(401)
  })
})

describe('a ticket', () => {
  it('is good for two hours', () => {
    const front = openFront()
    front.pass(2 * HOUR_MS)
    expect(front.send().status).toBe(200)
    front.pass(1000)
    expect(front.send().status).toBe(401)
  })

  it('may come in the header for tokens as well', () => {
    const front = openFront()
    const cookie = logIn(front.simulator)['cookie']!
    expect(front.send({ login: 'nobody', headers: { authorization: cookie } }).status).toBe(200)
  })

  it('stands before a token, and a bad one is not made good by it', () => {
    const front = withJoe()
    const headers = { cookie: 'PVEAuthCookie=bad', authorization: `PVEAPIToken=${front.joesToken}` }
    expect(front.send({ login: 'nobody', headers }).status).toBe(401)
  })

  it('of one cluster is not one of another', () => {
    const cookie = logIn(openFront({ seed: 8 }).simulator)['cookie']!
    expect(openFront().send({ login: 'nobody', headers: { cookie } }).status).toBe(401)
  })

  it('changes nothing without a CSRF token', () => {
    const front = openFront()
    const seen = front.send({ ...START, headers: { csrfpreventiontoken: '' } })
    expect(seen).toMatchObject({ status: 401, reason: 'Permission denied - invalid csrf token' })
    expect(front.simulator.world.tasks.size).toBe(0)
  })

  it('reads without a CSRF token', () => {
    expect(openFront().send({ headers: { csrfpreventiontoken: '' } }).status).toBe(200)
  })

  it('does not take the CSRF token of another user', () => {
    const front = openFront()
    front.change('POST', '/access/users', 'userid=joe@pve&password=joes-password')
    const { csrfpreventiontoken = '' } = logIn(front.simulator, 'joe@pve', 'joes-password')
    expect(front.send({ ...START, headers: { csrfpreventiontoken } }).status).toBe(401)
  })
})

describe('a token', () => {
  it('may follow its scheme by = or by a space, percent-encoded', () => {
    const front = withJoe()
    const encoded = front.joesToken.replace('!', '%21')
    const send = (authorization: string) =>
      front.send({ login: 'nobody', headers: { authorization } }).status
    expect([`PVEAPIToken=${front.joesToken}`, `PVEAPIToken ${encoded}`].map(send)).toEqual([
      200, 200,
    ])
  })

  it('needs no CSRF token', () => {
    const front = withJoe()
    expect(front.send({ ...START, ...byToken(front) }).status).toBe(200)
  })

  it('is refused where the schema wants a ticket', () => {
    const front = withJoe()
    const request = {
      method: 'PUT',
      path: '/access/password',
      body: 'userid=joe@pve&password=new-password',
    }
    expect(front.send({ ...request, ...byToken(front) })).toMatchObject({
      status: 403,
      reason:
        "Permission check failed (URI '/access/password' not available with API token, need proper ticket.)",
    })
  })

  it('is not asked for where nobody has to log in', () => {
    expect(openFront().send({ path: '/access/domains', login: 'nobody' }).status).toBe(200)
  })
})
