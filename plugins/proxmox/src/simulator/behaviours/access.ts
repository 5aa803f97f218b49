// SPDX-License-Identifier: GPL-3.0-or-later
/** Logging in, realms, and all else under `/access`. */
import { isEnabled, issueTicket, userOfTicket } from '../auth.ts'
import { dies, PveError } from '../contract.ts'
import type { Behaviours, Call } from '../contract.ts'
import { textOf } from '../guests/params.ts'
import { openAccessView } from '../permissions.ts'
import { aclBehaviours } from './access-acl.ts'
import { groupBehaviours, roleBehaviours } from './access-groups.ts'
import { tokenBehaviours } from './access-tokens.ts'
import { userBehaviours } from './access-users.ts'

const REALMS = [
  { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
  { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
]

const SUBDIRS = [
  'users',
  'groups',
  'roles',
  'acl',
  'domains',
  'openid',
  'tfa',
  'ticket',
  'password',
]

/** What a browser's page is told one may, by the areas of its menu. */
const AREAS = {
  access: ['/access', /^(User|Group|Realm\.AllocateUser|Permissions)/],
  dc: ['/', /^(Sys\.(Audit|Modify)|SDN)/],
  mapping: ['/mapping', /^(Mapping|Permissions)/],
  nodes: ['/nodes', /^(Sys|Permissions)/],
  sdn: ['/sdn', /^(SDN|Permissions)/],
  storage: ['/storage', /^(Datastore|Permissions)/],
  vms: ['/vms', /^(VM|Permissions)/],
} as const

/** What can be asked under `/access`. */
export const accessBehaviours: Behaviours = {
  'GET /access': () => SUBDIRS.map((subdir) => ({ subdir })),
  'GET /access/domains': () => REALMS,
  'GET /access/domains/{realm}': ({ params }) => {
    const found = REALMS.find(({ realm }) => realm === params['realm'])
    if (found === undefined) throw dies(`domain '${String(params['realm'])}' does not exist`)
    const { realm: _realm, ...config } = found
    return config
  },
  'GET /access/ticket': () => null,
  'POST /access/ticket': logIn,
  ...userBehaviours,
  ...tokenBehaviours,
  ...groupBehaviours,
  ...roleBehaviours,
  ...aclBehaviours,
}

/** By password, or by a ticket that is still good, for a new one. */
function logIn(call: Call): object {
  const { world, params } = call
  const realm = textOf(call, 'realm')
  const user = `${String(params['username'])}${realm === undefined ? '' : `@${realm}`}`
  const password = String(params['password'])
  const isKnown =
    userOfTicket(world, password) === user || world.access.users.get(user)?.password === password
  if (!isKnown || !isEnabled(world, user)) throw new PveError(401, 'authentication failure')
  const { ticket, csrf } = issueTicket(world, user)
  return {
    username: user,
    ticket,
    CSRFPreventionToken: csrf,
    cap: capabilitiesOf(call, user),
    ...(world.clusterName === '' ? {} : { clustername: world.clusterName }),
  }
}

function capabilitiesOf({ world }: Call, user: string): object {
  const view = openAccessView(world)
  const areas = Object.entries(AREAS).map(([area, [path, pattern]]) => {
    const has = [...view.privileges(user, path).keys()].filter((name) => pattern.test(name))
    return [area, Object.fromEntries(has.map((name) => [name, 1]))]
  })
  return Object.fromEntries(areas) as object
}
