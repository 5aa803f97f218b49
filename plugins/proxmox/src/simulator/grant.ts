// SPDX-License-Identifier: GPL-3.0-or-later
/** Makes a token of a simulated cluster ready for use, without going through its interface. */
import { newSecret } from './seal.ts'
import type { SimAclEntry, World } from './world.ts'

/** What the jobs of the plugin need. Those that the simulated version does not know are left out. */
const JOB_PRIVILEGES = [
  ...['Audit', 'AllocateSpace', 'AllocateTemplate', 'Allocate'].map((name) => `Datastore.${name}`),
  'Pool.Audit',
  'SDN.Use',
  ...['Audit', 'Modify', 'PowerMgmt', 'Syslog'].map((name) => `Sys.${name}`),
  ...['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
    (name) => `VM.Config.${name}`,
  ),
  ...['Allocate', 'Audit', 'Backup', 'Clone', 'Migrate', 'PowerMgmt', 'Snapshot'].map(
    (name) => `VM.${name}`,
  ),
  ...['VM.Snapshot.Rollback', 'VM.GuestAgent.Audit', 'VM.Monitor'],
]

/** The token to make. */
export interface TokenGrant {
  /** Full name, `sallyport@pve!lab`. The user is made when there is none of this name. */
  readonly token: string
  /** What it may do; what the jobs of the plugin need unless given. */
  readonly privileges?: readonly string[]
  /** Where; everywhere unless given. */
  readonly paths?: readonly string[]
  /** Whether the token may only what is said here, and not all that its user may; true unless given. */
  readonly isSeparated?: boolean
}

/** Makes a role, a user and a token with these privileges, and returns the secret of the token. */
export function grantToken(world: World, grant: TokenGrant): string {
  const { access } = world
  const [owner = '', id = ''] = grant.token.split('!')
  const known = access.roles.get('Administrator')?.privileges
  const wanted = (grant.privileges ?? JOB_PRIVILEGES).filter((name) => known?.has(name) !== false)
  const role = `Role-${id}-${access.roles.size}`
  access.roles.set(role, { privileges: new Set(wanted), isBuiltIn: false })
  const fresh = { password: undefined, isEnabled: true, comment: '', email: '' }
  const user = access.users.get(owner) ?? { id: owner, ...fresh, tokens: new Map() }
  access.users.set(owner, user)
  const secret = newSecret(world)
  const { isSeparated = true } = grant
  user.tokens.set(id, { id, secret, isSeparated, expiresAtMs: 0, comment: '' })
  for (const path of grant.paths ?? ['/']) {
    const entry = (kind: SimAclEntry['kind'], who: string) =>
      access.acl.push({ path, kind, who, role, propagates: true })
    entry('user', owner)
    if (isSeparated) entry('token', grant.token)
  }
  return secret
}
