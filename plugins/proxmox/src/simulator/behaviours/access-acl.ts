// SPDX-License-Identifier: GPL-3.0-or-later
/** The access control list, and what a user or token may by it. */
import { dies, PveError } from '../contract.ts'
import type { Behaviours, Call } from '../contract.ts'
import { flagOf, listOf, textOf } from '../guests/params.ts'
import { findToken, normalPath, openAccessView, ownerOf } from '../permissions.ts'
import type { Privileges } from '../permissions.ts'
import type { SimAclEntry } from '../world.ts'
import { changeAccess } from './access-change.ts'

/** Parts of the access tree below `/`. Source: pve-access-control 9.1, `AccessControl.pm`. */
const PARTS = [
  'access(?:/groups(?:/[\\w.-]+)?|/realm(?:/[\\w.-]+)?)?',
  'mapping(?:/(?:cpu|dir|notifications|pci|usb)(?:/[\\w.-]+)?)?',
  '(?:nodes|storage)(?:/[\\w.-]+)?',
  'pool(?:/[\\w.-]+){0,3}',
  'sdn(?:/[\\w.-]+){0,4}',
  'vms(?:/[1-9]\\d{2,})?',
]
const PATH = new RegExp(`^/(?:${PARTS.join('|')})?$`)

/** Where everybody's privileges are looked up when no path is asked for. */
const USUAL_PATHS = [
  '/',
  '/access',
  '/access/groups',
  '/nodes',
  '/pool',
  '/sdn',
  '/storage',
  '/vms',
]

/** What can be asked of the access control list. */
export const aclBehaviours: Behaviours = {
  'GET /access/acl': (call) =>
    call.world.access.acl
      .filter(
        ({ path }) => call.may('/access', 'Sys.Audit') || call.may(path, 'Permissions.Modify'),
      )
      .map(({ path, kind, who, role, propagates }) => ({
        path,
        type: kind,
        ugid: who,
        roleid: role,
        propagate: propagates ? 1 : 0,
      })),
  'PUT /access/acl': changeAcl,
  'GET /access/permissions': showPermissions,
}

function changeAcl(call: Call): null {
  const path = normalPath(String(call.params['path']))
  if (path === undefined || !PATH.test(path)) {
    throw invalid('path', `invalid ACL path '${String(call.params['path'])}'`)
  }
  const isDelete = flagOf(call, 'delete')
  const propagates = call.params['propagate'] === undefined || flagOf(call, 'propagate')
  const subjects = subjectsIn(call)
  const roles = listOf(call, 'roles')
  for (const role of roles) expectGivable(call, role, { path, propagates, isDelete })
  return changeAccess(call, 'ACL update', () => {
    const { acl } = call.world.access
    for (const { kind, who } of subjects) {
      for (const role of roles) {
        const isSame = (each: SimAclEntry) =>
          each.path === path && each.kind === kind && each.who === who && each.role === role
        acl.splice(0, acl.length, ...acl.filter((each) => !isSame(each)))
        if (!isDelete) acl.push({ path, kind, who, role, propagates })
      }
    }
  })
}

function subjectsIn(call: Call): Pick<SimAclEntry, 'kind' | 'who'>[] {
  const { users, groups } = call.world.access
  const subjects = [
    ...listOf(call, 'groups').map((who) => ({ kind: 'group' as const, who })),
    ...listOf(call, 'users').map((who) => ({ kind: 'user' as const, who })),
    ...listOf(call, 'tokens').map((who) => ({ kind: 'token' as const, who })),
  ]
  if (subjects.length === 0) throw invalid('users', 'either "groups", "users" or "tokens" needed')
  for (const { kind, who } of subjects) {
    if (kind === 'group' && !groups.has(who)) throw dies(`no such group '${who}'`)
    if (kind === 'user' && !users.has(who)) throw dies(`no such user '${who}'`)
    if (kind === 'token' && findToken(call.world, who) === undefined) {
      throw dies(`no such token '${who.split('!')[1] ?? ''}' for user '${ownerOf(who)}'`)
    }
  }
  return subjects
}

/** Who may not change rights in general gives only what they have themselves. */
function expectGivable(
  call: Call,
  role: string,
  { path, propagates, isDelete }: { path: string; propagates: boolean; isDelete: boolean },
): void {
  const privileges = call.world.access.roles.get(role)?.privileges
  if (privileges === undefined) throw dies(`role '${role}' does not exist`)
  const own = openAccessView(call.world).privileges(call.user, path)
  if (own.has('Permissions.Modify')) return
  const verb = isDelete ? 'remove' : 'add'
  for (const privilege of privileges) {
    if (!own.has(privilege)) {
      const needs = "requires 'Permissions.Modify' or superset of privileges."
      throw invalid('role', `Cannot ${verb} role '${role}' - ${needs}`)
    }
    if (propagates && own.get(privilege) !== true && !isDelete) {
      const needs = "requires 'Permissions.Modify' or propagated superset of privileges."
      throw invalid('role', `Cannot ${verb} role '${role}' with propagation - ${needs}`)
    }
  }
}

function showPermissions(call: Call): Record<string, Record<string, number>> {
  const { world, user: asker } = call
  const who = textOf(call, 'userid') ?? asker
  if (who !== asker && ownerOf(who) !== asker) call.need('/access', 'Sys.Audit')
  const isThere = who.includes('!')
    ? findToken(world, who) !== undefined
    : world.access.users.has(who)
  if (!isThere) throw dies(`no such user ('${who}')`)
  const view = openAccessView(world)
  const path = textOf(call, 'path')
  if (path !== undefined) {
    const normal = normalPath(path)
    if (normal === undefined) throw invalid('path', `invalid path '${path}'`)
    return { [normal]: rowOf(view.privileges(who, normal)) }
  }
  const paths = new Set([...USUAL_PATHS, ...world.access.acl.map((entry) => entry.path)])
  const rows = [...paths].map((each) => [each, rowOf(view.privileges(who, each))] as const)
  return Object.fromEntries(rows.filter(([, row]) => Object.keys(row).length > 0))
}

function rowOf(privileges: Privileges): Record<string, number> {
  return Object.fromEntries([...privileges].map(([name, propagates]) => [name, propagates ? 1 : 0]))
}

function invalid(name: string, why: string): PveError {
  return new PveError(400, 'Parameter verification failed.', { [name]: why })
}
