// SPDX-License-Identifier: GPL-3.0-or-later
/** Users. */
import { dies } from '../contract.ts'
import type { Behaviours, Call } from '../contract.ts'
import { flagOf, listOf, numberOf, textOf } from '../guests/params.ts'
import type { SimUser, World } from '../world.ts'
import { changeAccess, refusedChange } from './access-change.ts'
import { tokenRow } from './access-tokens.ts'

const DETAILS = ['firstname', 'lastname', 'keys']
const MAY_SEE = ['User.Modify', 'Sys.Audit']

/** What can be asked of users. */
export const userBehaviours: Behaviours = {
  'GET /access/users': listUsers,
  'POST /access/users': createUser,
  'GET /access/users/{userid}': ({ world, params }) => {
    const user = expectUser(world, String(params['userid']))
    const tokens = [...user.tokens.values()].map((token) => [token.id, tokenRow(token)])
    const { userid: _userid, ...row } = userRow(user)
    return {
      ...row,
      groups: groupsOf(world, user.id),
      tokens: Object.fromEntries(tokens) as object,
    }
  },
  'PUT /access/users/{userid}': (call) => {
    const user = expectUser(call.world, String(call.params['userid']))
    return changeAccess(call, 'modify user', () => {
      if (call.params['groups'] !== undefined) setGroups(call, user.id, flagOf(call, 'append'))
      setFields(call, user)
    })
  },
  'DELETE /access/users/{userid}': (call) => {
    const { access } = call.world
    const user = expectUser(call.world, String(call.params['userid']))
    return changeAccess(call, 'delete user', () => {
      access.users.delete(user.id)
      for (const group of access.groups.values()) group.members.delete(user.id)
      const isTheirs = (who: string) => who === user.id || who.startsWith(`${user.id}!`)
      const kept = access.acl.filter((entry) => entry.kind === 'group' || !isTheirs(entry.who))
      access.acl.splice(0, access.acl.length, ...kept)
    })
  },
  'PUT /access/password': (call) => {
    const user = expectUser(call.world, String(call.params['userid']))
    return changeAccess(call, 'change password', () => {
      user.password = String(call.params['password'])
    })
  },
}

/**
 * The user of this name.
 *
 * Throws: the plain error for one that does not exist.
 */
export function expectUser(world: World, id: string): SimUser {
  const user = world.access.users.get(id)
  if (user === undefined) throw dies(`no such user ('${id}')`)
  return user
}

/** One sees oneself, and all users of groups on which one has the right. */
function listUsers(call: Call): object[] {
  const { world, user: who } = call
  const isFull = flagOf(call, 'full')
  const wanted = call.params['enabled'] === undefined ? undefined : flagOf(call, 'enabled')
  const seesAll = call.may('/access/groups', ...MAY_SEE)
  return [...world.access.users.values()]
    .filter((user) => seesAll || user.id === who || maySee(call, user.id))
    .filter((user) => wanted === undefined || user.isEnabled === wanted)
    .map((user) => ({ ...userRow(user), ...(isFull ? fullRow(world, user) : {}) }))
}

function maySee(call: Call, user: string): boolean {
  return groupsOf(call.world, user).some((group) => call.may(`/access/groups/${group}`, ...MAY_SEE))
}

function createUser(call: Call): null {
  const id = String(call.params['userid'])
  return changeAccess(call, 'create user', () => {
    if (call.world.access.users.has(id)) {
      throw refusedChange('create user', `user '${id}' already exists`)
    }
    const user: SimUser = {
      id,
      password: textOf(call, 'password'),
      isEnabled: true,
      comment: '',
      email: '',
      tokens: new Map(),
    }
    setFields(call, user)
    call.world.access.users.set(id, user)
    setGroups(call, id, true)
  })
}

function setFields(call: Call, user: SimUser): void {
  user.comment = textOf(call, 'comment') ?? user.comment
  user.email = textOf(call, 'email') ?? user.email
  if (call.params['enable'] !== undefined) user.isEnabled = flagOf(call, 'enable')
  const expire = numberOf(call, 'expire')
  if (expire !== undefined) user.expiresAtMs = expire * 1000
  for (const name of DETAILS) {
    const text = textOf(call, name)
    if (text !== undefined) user.details = { ...user.details, [name]: text }
  }
}

function setGroups(call: Call, user: string, isAppended: boolean): void {
  const { groups } = call.world.access
  const wanted = listOf(call, 'groups')
  const unknown = wanted.find((group) => !groups.has(group))
  if (unknown !== undefined) throw dies(`no such group '${unknown}'`)
  for (const [id, { members }] of groups) {
    if (wanted.includes(id)) members.add(user)
    else if (!isAppended) members.delete(user)
  }
}

function userRow(user: SimUser): { userid: string } & Record<string, unknown> {
  return {
    userid: user.id,
    enable: user.isEnabled ? 1 : 0,
    expire: Math.floor((user.expiresAtMs ?? 0) / 1000),
    ...(user.comment === '' ? {} : { comment: user.comment }),
    ...(user.email === '' ? {} : { email: user.email }),
    ...user.details,
  }
}

function fullRow(world: World, user: SimUser): Record<string, unknown> {
  const realm = user.id.split('@').at(-1)
  return {
    'realm-type': realm,
    groups: groupsOf(world, user.id).join(','),
    tokens: [...user.tokens.values()].map((token) => ({ tokenid: token.id, ...tokenRow(token) })),
  }
}

function groupsOf(world: World, user: string): string[] {
  return [...world.access.groups].filter(([, { members }]) => members.has(user)).map(([id]) => id)
}
