// SPDX-License-Identifier: GPL-3.0-or-later
/** Groups of users, and roles, which are sets of privileges. */
import { privilegesOf } from '../access-roles.ts'
import { dies, PveError } from '../contract.ts'
import type { Behaviours, Call } from '../contract.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import type { SimAccess } from '../world.ts'
import { changeAccess, refusedChange } from './access-change.ts'

const MAY_SEE = ['User.Modify', 'Sys.Audit', 'Group.Allocate']

/** What can be asked of groups. */
export const groupBehaviours: Behaviours = {
  'GET /access/groups': (call) =>
    [...call.world.access.groups]
      .filter(([groupid]) => call.may(`/access/groups/${groupid}`, ...MAY_SEE))
      .map(([groupid, { comment, members }]) => ({
        groupid,
        users: [...members].join(','),
        ...(comment === '' ? {} : { comment }),
      })),
  'POST /access/groups': (call) => {
    const id = String(call.params['groupid'])
    const { groups } = call.world.access
    return changeAccess(call, 'create group', () => {
      if (groups.has(id)) throw refusedChange('create group', `group '${id}' already exists`)
      groups.set(id, { comment: textOf(call, 'comment') ?? '', members: new Set() })
    })
  },
  'GET /access/groups/{groupid}': (call) => {
    const { comment, members } = groupIn(call)
    return { ...(comment === '' ? {} : { comment }), members: [...members] }
  },
  'PUT /access/groups/{groupid}': (call) => {
    const group = groupIn(call)
    return changeAccess(call, 'modify group', () => {
      group.comment = textOf(call, 'comment') ?? group.comment
    })
  },
  'DELETE /access/groups/{groupid}': (call) => {
    groupIn(call)
    const id = String(call.params['groupid'])
    return changeAccess(call, 'delete group', () => {
      call.world.access.groups.delete(id)
      forget(call, (entry) => entry.kind === 'group' && entry.who === id)
    })
  },
}

/** What can be asked of roles. */
export const roleBehaviours: Behaviours = {
  'GET /access/roles': ({ world }) =>
    [...world.access.roles].map(([roleid, { privileges, isBuiltIn }]) => ({
      roleid,
      privs: [...privileges].sort().join(','),
      special: isBuiltIn ? 1 : 0,
    })),
  'POST /access/roles': createRole,
  'GET /access/roles/{roleid}': (call) =>
    Object.fromEntries([...roleIn(call).privileges].map((privilege) => [privilege, 1])),
  'PUT /access/roles/{roleid}': (call) => {
    const role = ownRoleIn(call, 'modify role')
    const wanted = privilegesIn(call)
    return changeAccess(call, 'modify role', () => {
      role.privileges = new Set([...(flagOf(call, 'append') ? role.privileges : []), ...wanted])
    })
  },
  'DELETE /access/roles/{roleid}': (call) => {
    ownRoleIn(call, 'delete role')
    const id = String(call.params['roleid'])
    return changeAccess(call, 'delete role', () => {
      call.world.access.roles.delete(id)
      forget(call, ({ role }) => role === id)
    })
  },
}

function createRole(call: Call): null {
  const id = String(call.params['roleid'])
  const { roles } = call.world.access
  if (/^PVE/i.test(id)) {
    const why = "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"
    throw new PveError(400, 'Parameter verification failed.', { roleid: why })
  }
  return changeAccess(call, 'create role', () => {
    if (roles.has(id)) throw refusedChange('create role', `role '${id}' already exists`)
    roles.set(id, { privileges: new Set(privilegesIn(call)), isBuiltIn: false })
  })
}

function privilegesIn(call: Call): string[] {
  const known = privilegesOf(call.world.version)
  const wanted = listOf(call, 'privs')
  const unknown = wanted.find((privilege) => !known.includes(privilege))
  if (unknown === undefined) return wanted
  const why = `invalid format - invalid privilege '${unknown}'\n`
  throw new PveError(400, 'Parameter verification failed.', { privs: why })
}

function roleIn({ world, params }: Call) {
  const id = String(params['roleid'])
  const role = world.access.roles.get(id)
  if (role === undefined) throw dies(`role '${id}' does not exist`)
  return role
}

function ownRoleIn(call: Call, what: string) {
  const role = roleIn(call)
  if (!role.isBuiltIn) return role
  throw refusedChange(
    what,
    `auto-generated role '${String(call.params['roleid'])}' cannot be changed`,
  )
}

function groupIn({ world, params }: Call) {
  const id = String(params['groupid'])
  const group = world.access.groups.get(id)
  if (group === undefined) throw dies(`group '${id}' does not exist`)
  return group
}

function forget({ world }: Call, isGone: (entry: SimAccess['acl'][number]) => boolean): void {
  const { acl } = world.access
  acl.splice(0, acl.length, ...acl.filter((entry) => !isGone(entry)))
}
