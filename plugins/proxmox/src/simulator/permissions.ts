// SPDX-License-Identifier: GPL-3.0-or-later
/** Who may what on which path: access control lists, groups, pools and tokens, as Proxmox VE adds them up. */
import { privilegesOf } from './access-roles.ts'
import type { SimAclEntry, SimToken, World } from './world.ts'

/** Privileges on one path, each with whether it also holds below. */
export type Privileges = ReadonlyMap<string, boolean>

/** What the access control list says at one moment. Good for one request: it does not see later changes. */
export interface AccessView {
  /** What a user or token has on a path. */
  privileges(who: string, path: string): Privileges
  /** Whether it has one of these there. */
  mayAny(who: string, path: string, anyOf: readonly string[]): boolean
  /** The first of these that it lacks there. */
  firstMissing(who: string, path: string, allOf: readonly string[]): string | undefined
}

type Roles = ReadonlyMap<string, boolean>

/** The user who may everything. */
export const ROOT = 'root@pam'
const NONE: Privileges = new Map()

/** The user behind a token; the user itself otherwise. */
export function ownerOf(who: string): string {
  return who.split('!')[0]!
}

/** The token of this full name, `name@realm!token`. */
export function findToken(world: World, who: string): SimToken | undefined {
  const [owner, token] = who.split('!')
  return token === undefined ? undefined : world.access.users.get(owner!)?.tokens.get(token)
}

/** One form for a path of the access tree; undefined for text that is none. */
export function normalPath(path: string): string | undefined {
  const plain = `/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
  return path !== '' && /^[A-Za-z0-9._/-]+$/.test(plain) ? plain : undefined
}

/** Reads the access control list as it is now. */
export function openAccessView(world: World): AccessView {
  const byPath = Map.groupBy(world.access.acl, (entry) => entry.path)
  const everything: Privileges = new Map(
    privilegesOf(world.version).map((privilege) => [privilege, true]),
  )
  const known = new Map<string, Privileges>()
  const byRoles = new Map<string, Privileges>()
  const common = new Map<Privileges, Map<Privileges, Privileges>>()

  /** Most paths have the same roles, so each set of roles is added up once. */
  function ofRoles(roles: Roles): Privileges {
    const key = [...roles].flat().join(' ')
    const found = byRoles.get(key) ?? privilegesOfRoles(world, roles)
    byRoles.set(key, found)
    return found
  }

  function both(own: Privileges, owners: Privileges): Privileges {
    const found =
      common.get(own)?.get(owners) ?? new Map([...own].filter(([name]) => owners.has(name)))
    common.set(own, (common.get(own) ?? new Map<Privileges, Privileges>()).set(owners, found))
    return found
  }

  function compute(who: string, path: string): Privileges {
    if (who === ROOT) return everything
    const roles = () => rolesWithPools(world, byPath, who, path)
    if (!who.includes('!')) return ofRoles(roles())
    const token = findToken(world, who)
    if (token === undefined) return NONE
    const owners = privileges(ownerOf(who), path)
    return token.isSeparated ? both(ofRoles(roles()), owners) : owners
  }

  function privileges(who: string, path: string): Privileges {
    const key = `${who} ${path}`
    const found = known.get(key) ?? compute(who, path)
    known.set(key, found)
    return found
  }

  return {
    privileges,
    mayAny: (who, path, anyOf) => {
      const has = privileges(who, path)
      return anyOf.some((privilege) => has.has(privilege))
    },
    firstMissing: (who, path, allOf) => {
      const has = privileges(who, path)
      return allOf.find((privilege) => !has.has(privilege))
    },
  }
}

type ByPath = ReadonlyMap<string, readonly SimAclEntry[]>

/** Roles on a path: the nearest entries decide; on one path a token's or user's own beat those of its groups. */
function rolesOn(world: World, byPath: ByPath, who: string, path: string): Roles {
  let roles: Roles = new Map()
  for (const at of pathsDownTo(path)) {
    const entries = (byPath.get(at) ?? []).filter((entry) => at === path || entry.propagates)
    const own = entries.filter((entry) => entry.kind !== 'group' && entry.who === who)
    const deciding = own.length > 0 ? own : entries.filter((entry) => isInGroup(world, entry, who))
    if (deciding.length > 0)
      roles = new Map(deciding.map(({ role, propagates }) => [role, propagates]))
  }
  return roles.has('NoAccess') ? new Map([['NoAccess', roles.get('NoAccess')!]]) : roles
}

/** Guests and storages of a pool also have the roles that one has on the pool. */
function rolesWithPools(world: World, byPath: ByPath, who: string, path: string): Roles {
  const roles = rolesOn(world, byPath, who, path)
  if (roles.has('NoAccess')) return roles
  const all = new Map(roles)
  for (const pool of poolsOf(world, path)) {
    const pooled = rolesOn(world, byPath, who, `/pool/${pool}`)
    if (pooled.has('NoAccess')) continue
    for (const [role, propagates] of pooled) if (!all.has(role)) all.set(role, propagates)
  }
  return all
}

function privilegesOfRoles(world: World, roles: Roles): Privileges {
  const privileges = new Map<string, boolean>()
  for (const [role, propagates] of roles) {
    for (const privilege of world.access.roles.get(role)?.privileges ?? []) {
      privileges.set(privilege, propagates || (privileges.get(privilege) ?? false))
    }
  }
  return privileges
}

function isInGroup(world: World, entry: SimAclEntry, who: string): boolean {
  return entry.kind === 'group' && world.access.groups.get(entry.who)?.members.has(who) === true
}

function poolsOf(world: World, path: string): readonly string[] {
  const [, kind, id] = path.split('/')
  if (kind === 'vms') {
    const pool = world.guests.get(Number(id))?.pool
    return pool === undefined ? [] : [pool]
  }
  if (kind !== 'storage' || id === undefined) return []
  return [...world.pools.values()].filter((pool) => pool.storages.has(id)).map((pool) => pool.id)
}

/** `/vms/101` gives `/`, `/vms` and `/vms/101`. */
function pathsDownTo(path: string): string[] {
  const paths = ['/']
  for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
    paths.push(path.slice(0, end))
  }
  if (path !== '/') paths.push(path)
  return paths
}
