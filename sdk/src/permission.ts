// SPDX-License-Identifier: Apache-2.0
/** Permissions: named, typed holes in the wall around a plugin. Plain data that an operator reads and approves. */
import type {
  Asker,
  Connector,
  Endpoint,
  FileReader,
  FileWriter,
  ProgramRunner,
  SecretReader,
  SshAccess,
  StateStore,
} from './handles.ts'

/**
 * The kinds of permission and, for each, the scope an operator reads and the handle a job gets.
 * A new kind is one member here, one constructor below and one file in the agent's broker.
 */
export interface PermissionKinds {
  ask: { scope: AskScope; handle: Asker }
  connect: { scope: BoundScope; handle: Connector }
  endpoint: { scope: EndpointScope; handle: Endpoint }
  exec: { scope: ProgramScope; handle: ProgramRunner }
  'files.read': { scope: { readonly paths: readonly string[] }; handle: FileReader }
  'files.write': { scope: WriteScope; handle: FileWriter }
  secret: { scope: BoundScope; handle: SecretReader }
  ssh: { scope: BoundScope; handle: SshAccess }
  state: { scope: { readonly maxBytes: number }; handle: StateStore }
}

/** The name of a permission kind. */
export type PermissionKind = keyof PermissionKinds

/** One permission as plain data: its kind and its scope. */
export type Permission<K extends PermissionKind = PermissionKind> = {
  [Kind in K]: { readonly kind: Kind } & PermissionKinds[Kind]['scope']
}[K]

/** What a job type may touch: the name of each handle and the permission behind it. */
export type Permissions = Readonly<Record<string, Permission>>

/** The handle that a permission opens. */
export type HandleOf<P extends Permission> = PermissionKinds[P['kind']]['handle']

/** All handles of a set of permissions, by name. */
export type Handles<P extends Permissions> = { readonly [Name in keyof P]: HandleOf<P[Name]> }

/** One approved argument: exactly this text, or any text that one whole-match pattern accepts. */
export type ArgumentShape = string | { readonly pattern: string }

/** Which program an `exec` permission may run, and how. */
export interface ProgramScope {
  readonly program: string
  readonly args: readonly ArgumentShape[]
  readonly timeoutMs: number
  readonly maxOutputBytes: number
}

/** A scope that is nothing but the name of a binding: the operator says on each agent what it stands for. */
export interface BoundScope {
  readonly binding: string
}

/** Which files a `files.write` permission may replace or remove, and how large one may be. */
export interface WriteScope {
  readonly paths: readonly string[]
  readonly maxBytes: number
}

/** Which job types of other plugins an `ask` permission may run, on which agent. */
export interface AskScope {
  readonly jobTypes: readonly string[]
  /** `here`: this agent. `host`: the agent of the host that this guest runs on. */
  readonly where: 'here' | 'host'
}

/** What one field of a query or a body may hold. `required` refuses a request without the field. */
export type Constraint = { readonly required?: boolean } & (
  | { readonly equals: string | number | boolean | null }
  | { readonly oneOf: readonly (string | number | boolean)[] }
  | { readonly min?: number; readonly max: number }
  | { readonly min: number }
  | { readonly pattern: string }
  /** One of the values that the job's input names for this resource. */
  | { readonly resource: string }
  | { readonly forbidden: true }
)

/** Constraints by field. A body's field is a path such as `HostConfig.Privileged`; `*` stands for any key or index. */
export interface FieldScope {
  readonly fields: Readonly<Record<string, Constraint>>
  /** Whether fields that are not named may be there at all. */
  readonly others: 'allowed' | 'forbidden'
}

/**
 * One route of a service: method and path, with `{name}` for a segment or a part of one.
 *
 * `{vmid}` must be one of the values that the job's input names for its resource `vmid`. A segment that is no resource
 * says its grammar instead: `{id:id}`, `{page:number}`, `{key:hex}`, `{key:uuid}`, `{owner:account}` for one like
 * `root@pam` or `ci@pve!deploy`, `{upid:segment}` for any text without slash, `{image:text}` for one that may hold
 * slashes.
 *
 * A segment may hold text and names in turn: `{storage}:vm-{vmid}-disk-{disk:number}`. Between two names there is text;
 * a value ends where that text first occurs and never holds it. A resource may be named more than once, and then has
 * the same value in all its places; another name stands once.
 *
 * The constraints of every route that covers a request hold. Where query or body has constraints and the other has
 * none, the other must be empty, because many services read both as one.
 */
export interface RouteScope {
  readonly route: string
  readonly query?: FieldScope
  readonly body?: FieldScope
}

/** Which routes of one bound HTTP service an `endpoint` permission opens, and within which bounds. */
export interface EndpointScope extends BoundScope {
  readonly routes: readonly RouteScope[]
  /** Time of one request, from connecting to the last byte of a whole answer. */
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  /** Size of one answer; of a stream, all of it. */
  readonly maxAnswerBytes: number
}

/** A route as an author writes it: `GET /nodes/{node}/status`. */
export type RouteText = `${'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** Constructors of file permissions. */
export const files = {
  /**
   * May read files whose resolved path matches one of these absolute globs (`*` one segment, `**` any number).
   *
   * @example
   * files.read('/sys/class/hwmon/**', '/sys/devices/**')
   */
  read: (...paths: readonly string[]): Permission<'files.read'> => ({ kind: 'files.read', paths }),

  /**
   * May replace and remove files whose resolved path matches one of these globs. A glob that begins with `@name/` lies
   * below the folder that the operator bound to that name.
   *
   * @example
   * files.write(['@exports/*.json'], { maxBytes: 1_048_576 })
   */
  write: (
    paths: readonly string[],
    limits: { maxBytes?: number } = {},
  ): Permission<'files.write'> => ({
    kind: 'files.write',
    paths,
    maxBytes: limits.maxBytes ?? 1_048_576,
  }),
}

/**
 * May run one program, by absolute path, with arguments of exactly this shape.
 *
 * @example
 * exec('/usr/bin/sensors', ['-j'], { timeoutMs: 5_000 })
 */
export function exec(
  program: string,
  args: readonly ArgumentShape[],
  limits: { timeoutMs?: number; maxOutputBytes?: number } = {},
): Permission<'exec'> {
  const { timeoutMs = 10_000, maxOutputBytes = 1_048_576 } = limits
  return { kind: 'exec', program, args, timeoutMs, maxOutputBytes }
}

/**
 * May keep small values of its own between jobs, up to `maxBytes` in all.
 *
 * @example
 * state({ maxBytes: 65_536 })
 */
export function state(limits: { maxBytes?: number } = {}): Permission<'state'> {
  return { kind: 'state', maxBytes: limits.maxBytes ?? 65_536 }
}

/**
 * May call these routes of the one HTTP service that the operator bound to a name. The agent adds the credential.
 *
 * @example
 * endpoint('pve', ['GET /nodes/{node}/status', 'POST /nodes/{node}/qemu/{vmid}/status/start'])
 */
export function endpoint(
  binding: string,
  routes: readonly (RouteText | RouteScope)[],
  limits: { timeoutMs?: number; maxBodyBytes?: number; maxAnswerBytes?: number } = {},
): Permission<'endpoint'> {
  const { timeoutMs = 30_000, maxBodyBytes = 262_144, maxAnswerBytes = 4_194_304 } = limits
  return {
    kind: 'endpoint',
    binding,
    routes: routes.map((route) => (typeof route === 'string' ? { route } : route)),
    timeoutMs,
    maxBodyBytes,
    maxAnswerBytes,
  }
}

/**
 * One route of an `endpoint` permission with constraints on its query or body.
 *
 * @example
 * route('POST /containers/create', { body: { 'HostConfig.Privileged': { forbidden: true } } })
 */
export function route(
  text: RouteText,
  constraints: {
    query?: FieldScope['fields']
    body?: FieldScope['fields']
    /** Whether fields without a constraint may be there; `allowed` unless given. */
    others?: FieldScope['others']
  },
): RouteScope {
  const { query, body, others = 'allowed' } = constraints
  return {
    route: text,
    ...(query !== undefined && { query: { fields: query, others } }),
    ...(body !== undefined && { body: { fields: body, others } }),
  }
}

/**
 * May open connections to the one TCP or Unix address that the operator bound to a name.
 *
 * @example
 * connect('mqtt')
 */
export function connect(binding: string): Permission<'connect'> {
  return { kind: 'connect', binding }
}

/**
 * May log in by SSH to the one host that the operator bound to a name, with a key it never sees.
 *
 * @example
 * ssh('nas')
 */
export function ssh(binding: string): Permission<'ssh'> {
  return { kind: 'ssh', binding }
}

/**
 * May see one secret. Ask for it only where no other kind will do: what a plugin sees, a plugin can leak.
 *
 * @example
 * secret('smtpPassword')
 */
export function secret(binding: string): Permission<'secret'> {
  return { kind: 'secret', binding }
}

/**
 * May run job types of other plugins, within the resources of its own job.
 *
 * @example
 * ask(['proxmox/guest.snapshot.list'])
 */
export function ask(
  jobTypes: readonly string[],
  options: { where?: AskScope['where'] } = {},
): Permission<'ask'> {
  return { kind: 'ask', jobTypes, where: options.where ?? 'here' }
}
