// SPDX-License-Identifier: GPL-3.0-or-later
/** The rights that the schema asks for before an operation runs, checked as Proxmox VE checks them. */
import { PveError, dies } from './contract.ts'
import { ROOT, normalPath } from './permissions.ts'
import type { AccessView } from './permissions.ts'
import type { Permission, RawParams } from './schema/types.ts'
import type { World } from './world.ts'

/** Who asks for what. */
export interface Asked {
  readonly world: World
  readonly access: AccessView
  /** Empty for nobody. */
  readonly user: string
  readonly params: RawParams
}

/** The refusal of a right; `what` names path and privileges. */
export function forbidden(what?: string): PveError {
  return new PveError(403, `Permission check failed${what === undefined ? '' : ` (${what})`}`)
}

/**
 * Checks the rights of an operation. Parameters are still as they were sent: rights come before their check.
 *
 * Throws: PveError 403, or 500 for a user that does not exist.
 */
export function checkRights(permission: Permission, asked: Asked): void {
  if (permission.kind === 'world') return
  if (asked.user === '') throw forbidden('user != null')
  if (asked.user === ROOT) return
  const refusal = refusalOf(permission, asked)
  if (refusal !== undefined) throw refusal
}

type Of<Kind extends Permission['kind']> = Extract<Permission, { readonly kind: Kind }>

/** Why a check does not pass; undefined when it does. */
function refusalOf(permission: Permission, asked: Asked): PveError | undefined {
  switch (permission.kind) {
    case 'world':
    case 'all':
      return undefined
    case 'root':
      return forbidden('user != root@pam')
    case 'and':
      return firstOf(permission.of, (each) => refusalOf(each, asked))
    case 'or': {
      const passes = permission.of.some((each) => refusalOf(each, asked) === undefined)
      return passes ? undefined : forbidden()
    }
    case 'perm':
      return refusalOfPerm(permission, asked)
    case 'perm-modify':
      return refusalOfModify(permission.path, asked)
    case 'userid-param':
      return refusalOfUser(permission.check, asked)
    case 'userid-group':
      return refusalOfUserGroup(permission, asked)
  }
}

function refusalOfPerm(perm: Of<'perm'>, { access, user, params }: Asked): PveError | undefined {
  const { requireParam, privileges } = perm
  if (requireParam !== undefined && textOf(params[requireParam]) === '') return forbidden()
  const path = normalPath(fillIn(perm.path, params)) ?? ''
  if (perm.any) {
    const has = access.mayAny(user, path, privileges)
    return has ? undefined : forbidden(`${path}, ${privileges.join('|')}`)
  }
  const missing = access.firstMissing(user, path, privileges)
  return missing === undefined ? undefined : forbidden(`${path}, ${missing}`)
}

/** A privilege on all groups, or on a group that the user of `userid` is in or shall be in. */
function refusalOfUserGroup(check: Of<'userid-group'>, asked: Asked): PveError | undefined {
  const { world, access, user, params } = asked
  const { privileges, groupsParam } = check
  const subject = textOf(params['userid'])
  const isThere = groupsParam !== 'create'
  if (isThere && !world.access.users.has(subject)) return dies(`no such user ('${subject}')`)
  if (access.mayAny(user, '/access/groups', privileges)) return undefined
  const mine = [...world.access.groups].filter(([group]) =>
    access.mayAny(user, `/access/groups/${group}`, privileges),
  )
  if (groupsParam !== undefined) {
    const wanted = textOf(params['groups'])
      .split(/[,;\s]+/)
      .filter(Boolean)
    if (!isThere && wanted.length === 0) return forbidden(`/access/groups, ${privileges.join('|')}`)
    const other = wanted.find((group) => !mine.some(([id]) => id === group))
    if (other !== undefined) return forbidden(`/access/groups/${other}, ${privileges.join('|')}`)
  }
  return isThere && !mine.some(([, { members }]) => members.has(subject)) ? forbidden() : undefined
}

function refusalOfUser(kind: string, { world, access, user, params }: Asked): PveError | undefined {
  const subject = textOf(params['userid'])
  if (kind === 'self') {
    if (!world.access.users.has(subject)) return dies(`no such user ('${subject}')`)
    return subject === user ? undefined : forbidden()
  }
  const path = `/access/realm/${subject.split('@').at(-1)}`
  const missing = access.firstMissing(user, path, [kind])
  return missing === undefined ? undefined : forbidden(`${path}, ${missing}`)
}

/** Who may give rights on a path. */
function refusalOfModify(template: string, { access, user, params }: Asked): PveError | undefined {
  const path = normalPath(fillIn(template, params)) ?? ''
  const allocators: Record<string, string> = { storage: 'Datastore', vms: 'VM', pool: 'Pool' }
  const area = path.split('/')[2] === undefined ? undefined : allocators[path.split('/')[1]!]
  const any = ['Permissions.Modify', ...(area === undefined ? [] : [`${area}.Allocate`])]
  if (access.mayAny(user, path, any)) return undefined
  return forbidden(`${path}, ${any.join('|')}`)
}

function fillIn(template: string, params: RawParams): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => textOf(params[name]))
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(',')
  return value === undefined || value === null ? '' : String(value)
}

function firstOf<In, Out>(
  all: readonly In[],
  find: (each: In) => Out | undefined,
): Out | undefined {
  for (const each of all) {
    const found = find(each)
    if (found !== undefined) return found
  }
  return undefined
}
