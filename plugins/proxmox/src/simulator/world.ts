// SPDX-License-Identifier: GPL-3.0-or-later
/** The state of a simulated cluster: plain data that operations read and change. Nothing here knows HTTP. */

/** The versions of Proxmox VE that can be simulated. */
export const PVE_VERSIONS = ['8.4', '9.1', '9.2'] as const
/** One of them. */
export type PveVersion = (typeof PVE_VERSIONS)[number]

/** Everything a simulated cluster is made of. Units: bytes, epoch milliseconds, load as a fraction of 1. */
export interface World {
  readonly version: PveVersion
  /** Empty for a single node that is in no cluster. */
  readonly clusterName: string
  readonly nodes: Map<string, SimNode>
  readonly guests: Map<number, SimGuest>
  readonly storages: Map<string, SimStorage>
  readonly pools: Map<string, SimPool>
  readonly access: SimAccess
  readonly tasks: Map<string, SimTask>
  readonly jobs: Map<string, Record<string, unknown>>
  readonly ha: {
    readonly resources: Map<string, SimHaResource>
    rules: Map<string, Record<string, unknown>>
  }
  /** `/cluster/options`, property strings as the real one keeps them. */
  readonly options: Record<string, string | number>
  /** The time of the cluster. */
  now(): number
  /** A number from 0 to 1, from the seed. */
  random(): number
  /** How long a step of a task takes that is said to take one second. Units: milliseconds. */
  readonly secondMs: number
}

/** A node. It takes part in the quorum when it is online. */
export interface SimNode {
  readonly name: string
  /** Number of the node in the cluster, from 1. */
  readonly id: number
  readonly ip: string
  readonly mac: string
  state: 'online' | 'offline' | 'waking'
  /** When a waking node will be online. */
  onlineAtMs: number
  bootedAtMs: number
  readonly cpuCount: number
  readonly cpuModel: string
  /** Load of the processors without guests. */
  readonly baseLoad: number
  readonly memoryBytes: number
  readonly rootBytes: number
  rootUsedBytes: number
  /** `/nodes/{node}/config`: description, wakeonlan and the like. */
  readonly config: Record<string, string | number>
  /** What the node's own files say: `timezone`, `search`, `dns1`, `hosts`. */
  readonly files: Record<string, string>
  /** Packages with newer versions, as `/nodes/{node}/apt/update` lists them. */
  readonly updates: readonly Record<string, unknown>[]
}

/** A guest and its configuration. */
export interface SimGuest {
  readonly vmid: number
  readonly type: 'qemu' | 'lxc'
  node: string
  status: 'running' | 'stopped'
  /** For qemu: what `qmpstatus` says while it runs. */
  qmpStatus: 'running' | 'paused'
  startedAtMs: number
  /** Keys and values as in the configuration file: `net0`, `scsi0`, `cores`, `memory`, `mp0`, `hostname`, `tags`. */
  config: Record<string, string | number>
  /** Changes that wait for a restart. */
  pending: Record<string, string | number>
  snapshots: SimSnapshot[]
  /** The snapshot the current state descends from. */
  parent: string | undefined
  /** `backup`, `clone`, `migrate`, `snapshot`, `rollback` … while something holds the guest. */
  lock: string | undefined
  isTemplate: boolean
  pool: string | undefined
  /** Fraction of its own processors, and of its own memory, in use. */
  load: { cpu: number; memory: number }
  /** Whether a guest agent answers (qemu). */
  hasAgent: boolean
  /** Whether it follows a request to shut down. */
  obeysShutdown: boolean
}

/** A snapshot. */
export interface SimSnapshot {
  readonly name: string
  readonly description: string
  readonly takenAtMs: number
  readonly withMemory: boolean
  parent: string | undefined
  readonly config: Record<string, string | number>
}

/** A storage as the cluster configures it, with what is on it. */
export interface SimStorage {
  readonly id: string
  readonly type: string
  content: string[]
  readonly isShared: boolean
  /** The nodes it is limited to; all when undefined. */
  nodes: string[] | undefined
  isEnabled: boolean
  /** Everything else of its configuration: `path`, `server`, `export`, `datastore`, `fingerprint`, `thinpool` … */
  options: Record<string, string | number>
  readonly totalBytes: number
  /** Nodes from which it cannot be reached now. */
  readonly unreachableFrom: Set<string>
  /** By volume id and, for a storage that is not shared, node: `local:…@pve1`. */
  readonly volumes: Map<string, SimVolume>
}

/** A volume: a disk, a backup, an image, a template. */
export interface SimVolume {
  readonly volid: string
  /** The node it lies on; undefined on a shared storage. */
  readonly node: string | undefined
  readonly content: 'images' | 'rootdir' | 'backup' | 'iso' | 'vztmpl' | 'snippets' | 'import'
  readonly format: string
  sizeBytes: number
  usedBytes: number
  readonly vmid: number | undefined
  readonly createdAtMs: number
  notes: string | undefined
  isProtected: boolean
  /** Base volume of a linked clone. */
  parent: string | undefined
  /** Of a backup: the guest as it was, to restore. */
  readonly saved: Pick<SimGuest, 'type' | 'config'> | undefined
}

/** A pool of guests and storages. */
export interface SimPool {
  readonly id: string
  comment: string
  readonly guests: Set<number>
  readonly storages: Set<string>
}

/** A guest that the HA manager looks after. */
export interface SimHaResource {
  readonly sid: string
  state: 'started' | 'stopped' | 'disabled' | 'ignored'
  group: string | undefined
  comment: string
  /** `max_restart`, `max_relocate` and the like, where they are set. */
  settings?: Record<string, string | number>
}

/** Users, tokens, roles and access control lists. */
export interface SimAccess {
  readonly users: Map<string, SimUser>
  /** Privileges by role; the built-in roles are in it. */
  readonly roles: Map<string, { privileges: Set<string>; readonly isBuiltIn: boolean }>
  readonly groups: Map<string, { comment: string; readonly members: Set<string> }>
  readonly acl: SimAclEntry[]
}

/** A user of a realm, `name@realm`. */
export interface SimUser {
  readonly id: string
  password: string | undefined
  isEnabled: boolean
  comment: string
  email: string
  /** From then on the user cannot log in; never when it is 0 or absent. */
  expiresAtMs?: number
  /** `firstname`, `lastname`, `keys`. */
  details?: Record<string, string>
  readonly tokens: Map<string, SimToken>
}

/** An API token of a user. */
export interface SimToken {
  readonly id: string
  readonly secret: string
  isSeparated: boolean
  expiresAtMs: number
  comment: string
}

/** One line of the access control list. */
export interface SimAclEntry {
  readonly path: string
  readonly kind: 'user' | 'group' | 'token'
  /** `name@realm`, a group, or `name@realm!token`. */
  readonly who: string
  readonly role: string
  readonly propagates: boolean
}

/** A task that was started. Its end is decided by its steps. */
export interface SimTask {
  readonly upid: string
  readonly node: string
  readonly type: string
  readonly id: string
  readonly user: string
  readonly pid: number
  readonly pstart: number
  readonly startedAtMs: number
  readonly log: string[]
  readonly steps: SimTaskStep[]
  /** When the step that is under way will be over. */
  stepEndsAtMs: number
  endedAtMs: number | undefined
  /** `OK`, `WARNINGS: 1` or the text of the error; undefined while it runs. */
  exitStatus: string | undefined
  /** Undoes what was begun when the task fails or is stopped: locks above all. */
  readonly onFailure: (() => void) | undefined
}

/** One step of a task: after its time its lines are logged and its effect happens. */
export interface SimTaskStep {
  /** Simulated seconds; see `World.secondMs`. */
  readonly seconds: number
  readonly log?: string | (() => string)
  readonly effect?: () => void
  /** Ends the task with this error. */
  readonly fails?: string
  /** Counts as a warning, so that the task ends `WARNINGS: n`. */
  readonly warns?: boolean
}

/** What an operation asks for when it starts a task. */
export interface TaskPlan {
  readonly node: string
  readonly type: string
  readonly id: string
  readonly user: string
  readonly steps: readonly SimTaskStep[]
  readonly onFailure?: () => void
}
