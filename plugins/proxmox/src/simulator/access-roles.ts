// SPDX-License-Identifier: GPL-3.0-or-later
/** The privileges of Proxmox VE and its built-in roles, by version. */
import type { PveVersion } from './world.ts'

/** Privileges of one area by whom they are meant for: nobody but administrators, admins, users, auditors. */
interface Area {
  readonly root?: readonly string[]
  readonly admin?: readonly string[]
  readonly user?: readonly string[]
  readonly audit?: readonly string[]
}

const GUEST_CONFIG = ['Disk', 'CPU', 'Memory', 'Network', 'HWType', 'Options']
const GUEST_ADMIN = ['Allocate', 'Clone', 'Migrate', 'Snapshot', 'Snapshot.Rollback']
const GUEST_USER = ['Config.CDROM', 'Config.Cloudinit', 'Console', 'Backup', 'PowerMgmt']
const AGENT_USER = ['FileRead', 'FileWrite', 'FileSystemMgmt']

const under = (area: string, names: readonly string[]) => names.map((name) => `${area}.${name}`)

/** Version 9 took `VM.Monitor` away and gave the guest agent and replication privileges of their own. */
function guestArea(version: PveVersion): Area {
  const isOld = version === '8.4'
  return {
    admin: [
      ...under('VM.Config', GUEST_CONFIG),
      ...under('VM', GUEST_ADMIN),
      ...(isOld ? ['VM.Monitor'] : ['VM.Replicate', 'VM.GuestAgent.Unrestricted']),
    ],
    user: [...under('VM', GUEST_USER), ...(isOld ? [] : under('VM.GuestAgent', AGENT_USER))],
    audit: ['VM.Audit', ...(isOld ? [] : ['VM.GuestAgent.Audit'])],
  }
}

const AREAS = {
  Datastore: {
    admin: under('Datastore', ['Allocate', 'AllocateTemplate']),
    user: ['Datastore.AllocateSpace'],
    audit: ['Datastore.Audit'],
  },
  Mapping: { root: ['Mapping.Modify'], user: ['Mapping.Use'], audit: ['Mapping.Audit'] },
  Permissions: { root: ['Permissions.Modify'] },
  Pool: { admin: ['Pool.Allocate'], audit: ['Pool.Audit'] },
  SDN: { admin: ['SDN.Allocate'], user: ['SDN.Use'], audit: ['SDN.Audit'] },
  Sys: {
    root: under('Sys', ['PowerMgmt', 'Modify', 'Incoming', 'AccessNetwork']),
    admin: under('Sys', ['Console', 'Syslog']),
    audit: ['Sys.Audit'],
  },
  User: {
    root: ['Realm.Allocate'],
    admin: ['User.Modify', 'Group.Allocate', 'Realm.AllocateUser'],
  },
} satisfies Record<string, Area>

type Grade = keyof Area
const USUAL: readonly Grade[] = ['admin', 'user', 'audit']

function take(areas: readonly Area[], grades: readonly Grade[]): string[] {
  return areas.flatMap((area) => grades.flatMap((grade) => area[grade] ?? [])).sort()
}

/** Every privilege that a version knows, sorted. */
export function privilegesOf(version: PveVersion): string[] {
  return take([...Object.values(AREAS), guestArea(version)], ['root', ...USUAL])
}

/**
 * The roles that a version brings, with their privileges.
 *
 * Source: pve-access-control 9.1.1, `AccessControl.pm`; 8.4 by the schema of `GET /access/roles/{roleid}`.
 */
export function builtInRoles(version: PveVersion): Readonly<Record<string, readonly string[]>> {
  const guest = guestArea(version)
  const all: readonly Area[] = [...Object.values(AREAS), guest]
  return {
    Administrator: privilegesOf(version),
    NoAccess: [],
    PVEAdmin: take(all, USUAL),
    PVEAuditor: take(all, ['audit']),
    PVEDatastoreAdmin: take([AREAS.Datastore], USUAL),
    PVEDatastoreUser: take([AREAS.Datastore], ['user', 'audit']),
    PVEMappingAdmin: take([AREAS.Mapping], ['root', ...USUAL]),
    PVEMappingUser: take([AREAS.Mapping], USUAL),
    PVEPoolAdmin: take([AREAS.Pool], USUAL),
    PVEPoolUser: take([AREAS.Pool], ['user', 'audit']),
    PVESDNAdmin: take([AREAS.SDN], USUAL),
    PVESDNUser: take([AREAS.SDN], ['user', 'audit']),
    PVESysAdmin: take([AREAS.Sys], USUAL),
    PVETemplateUser: ['VM.Audit', 'VM.Clone'],
    PVEUserAdmin: take([AREAS.User], USUAL),
    PVEVMAdmin: take([guest], USUAL),
    PVEVMUser: take([guest], ['user', 'audit']),
  }
}
