// SPDX-License-Identifier: GPL-3.0-or-later
/** What Proxmox VE refuses, as failures with a code, the reason and what to do next. */
import { JobFailed, isCodedError } from '@sallyport/sdk'
import { lineOf, membersOf, textOf } from './values.ts'

/** Codes of this plugin. */
export type PveErrorCode =
  | 'ERR_PVE_ANSWER'
  | 'ERR_PVE_AUTH'
  | 'ERR_PVE_HALF_MADE'
  | 'ERR_PVE_LOCKED'
  | 'ERR_PVE_NODE_OFFLINE'
  | 'ERR_PVE_NOT_STARTED'
  | 'ERR_PVE_NO_BACKUP'
  | 'ERR_PVE_NO_GUEST'
  | 'ERR_PVE_NO_QUORUM'
  | 'ERR_PVE_OUTCOME'
  | 'ERR_PVE_PARAMETER'
  | 'ERR_PVE_PERMISSION'
  | 'ERR_PVE_QUORUM_LOSS'
  | 'ERR_PVE_REFUSED'
  | 'ERR_PVE_STATE'
  | 'ERR_PVE_STORAGE'
  | 'ERR_PVE_TASK'
  | 'ERR_PVE_TASK_RUNNING'
  | 'ERR_PVE_TEMPLATE'
  | 'ERR_PVE_UPID'
  | 'ERR_PVE_VMID_TAKEN'
  | 'ERR_PVE_WAIT'

/** What a failure carries besides its sentence. `effect` says whether anything was changed, where that is known. */
export type PveDetails = Readonly<Record<string, unknown>> & {
  readonly effect?: 'none' | 'partial' | 'unknown'
}

/** A failure with one of this plugin's codes. */
export function pveFailed(
  code: PveErrorCode,
  message: string,
  options: { details?: PveDetails; retryable?: boolean; cause?: unknown } = {},
): JobFailed {
  return new JobFailed(code, message, options)
}

/** Codes after which it is open whether a request arrived. */
const LOST = new Set([
  'ERR_ENDPOINT_ANSWER',
  'ERR_ENDPOINT_UNREACHABLE',
  'ERR_LIMIT',
  'ERR_PVE_ANSWER',
  'ERR_PVE_NODE_OFFLINE',
])

/** Whether the answer to a request was lost, so that it may have been done all the same. */
export function isLost(error: unknown): boolean {
  return isCodedError(error) && LOST.has(error.code)
}

/** A request and the answer to it, as far as a failure tells of them. */
export interface RefusedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  /** The reason phrase; empty behind HTTP/2. */
  readonly statusText: string
  /** The answer as JSON; undefined when it is none. */
  readonly said: unknown
}

/**
 * The failure for an answer that is no success.
 *
 * Why by text: Proxmox VE answers 500 for everything that its own code refuses, and says what it is in words only.
 */
export function refusedBy(refused: RefusedRequest): JobFailed {
  const { status } = refused
  const reason = reasonOf(refused)
  if (status === 401) return authFailure(reason)
  if (status === 403) return permissionFailure(reason)
  if (status === 400) return parameterFailure(refused, reason)
  if (status >= 595 && status <= 599) return offlineFailure(refused, reason)
  const isOwn = refused.said !== undefined || refused.statusText !== ''
  const isForeign = [502, 503, 504].includes(status) && refused.said === undefined
  if (status < 500 || isForeign || !isOwn) return foreignAnswer(refused)
  return known(refused, reason) ?? generic(refused, reason)
}

/** The failure for an answer that Proxmox VE never gives: a page of a proxy, half a document. */
export function foreignAnswer(refused: RefusedRequest): JobFailed {
  const { method, path, status, statusText } = refused
  const told = lineOf(`${status} ${statusText}`, 100)
  return pveFailed(
    'ERR_PVE_ANSWER',
    `${method} ${path} got an answer (${told}) that is not of Proxmox VE; see what stands between this host and it, and whether "pve" is bound to …:8006/api2/json`,
    { details: { status }, retryable: method === 'GET' },
  )
}

function reasonOf({ said, statusText }: RefusedRequest): string {
  const { message } = membersOf(said)
  return lineOf(textOf(message) ?? statusText, 500)
}

function authFailure(reason: string): JobFailed {
  return pveFailed(
    'ERR_PVE_AUTH',
    `Proxmox VE did not accept the API token: ${reason || 'no reason given'}; make one with "sallyport proxmox setup" and bind it`,
    { details: { status: 401, effect: 'none' } },
  )
}

/** Source: pve-access-control, RPCEnvironment ("Permission check failed (path, privileges)"). */
const PERMISSION = /Permission check failed \(([^,()]+), ?([^()]+)\)/

function permissionFailure(reason: string): JobFailed {
  const [, path, list] = PERMISSION.exec(reason) ?? []
  const privileges = (list ?? '').split(/[|,\s]+/).filter((name) => name !== '')
  const lacks =
    path === undefined
      ? `the API token may not do this: ${reason || 'no reason given'}`
      : `the API token lacks ${privileges.join(' or ')} on ${path}`
  return pveFailed(
    'ERR_PVE_PERMISSION',
    `${lacks}; "sallyport proxmox setup" gives it the rights`,
    {
      details: { status: 403, ...(path !== undefined && { path, privileges }), effect: 'none' },
    },
  )
}

function parameterFailure({ said }: RefusedRequest, reason: string): JobFailed {
  const errors = Object.entries(membersOf(membersOf(said)['errors']))
    .slice(0, 32)
    .map(([name, text]): [string, string] => [lineOf(name, 64), lineOf(text)])
  const told = errors.map(([name, text]) => `${name}: ${text}`).join('; ')
  return pveFailed(
    'ERR_PVE_PARAMETER',
    `Proxmox VE refused the parameters: ${told || reason || 'no reason given'}`,
    { details: { status: 400, errors: Object.fromEntries(errors), effect: 'none' } },
  )
}

function offlineFailure({ path, status }: RefusedRequest, reason: string): JobFailed {
  const node = /^\/nodes\/([^/]+)/.exec(path)?.[1]
  const which = node === undefined ? 'the node' : `node ${node}`
  return pveFailed(
    'ERR_PVE_NODE_OFFLINE',
    `${which} cannot be reached: ${reason || status}; see whether it is switched on (proxmox/cluster.status), or wake it (proxmox/node.wake)`,
    { details: { status, ...(node !== undefined && { node }) }, retryable: true },
  )
}

function known(refused: RefusedRequest, reason: string): JobFailed | undefined {
  if (/hostname lookup .* failed|no such cluster node|failed to get address info/.test(reason)) {
    return offlineFailure(refused, reason)
  }
  if (/no quorum/i.test(reason)) return noQuorum(reason)
  const lock = /\b(?:VM|CT) is locked \(([\w-]+)\)/.exec(reason)?.[1]
  if (lock !== undefined) return locked(lock, reason)
  if (/can't lock file .* got timeout/.test(reason)) return locked('file', reason)
  const isGone =
    /^Configuration file '.*' does not exist/i.test(reason) ||
    /unable to find configuration file for (?:VM|CT)/.test(reason) ||
    /^(?:VM|CT) \d+ does not exist/.test(reason)
  if (!isGone) return undefined
  const [, node, vmid] = /^\/nodes\/([^/]+)\/(?:qemu|lxc)\/(\d+)/.exec(refused.path) ?? []
  return node === undefined || vmid === undefined
    ? undefined
    : noGuest({ node, vmid: Number(vmid) })
}

function generic({ status }: RefusedRequest, reason: string): JobFailed {
  const told = reason || `status ${status} without a reason`
  const next = status === 501 ? 'this version of Proxmox VE may not have it' : 'nothing was retried'
  return pveFailed('ERR_PVE_REFUSED', `Proxmox VE refused: ${told}; ${next}`, {
    details: { status, reason },
  })
}

/** There is no such guest on the node. */
export function noGuest(guest: { readonly node: string; readonly vmid: number }): JobFailed {
  const { node, vmid } = guest
  return pveFailed(
    'ERR_PVE_NO_GUEST',
    `there is no guest ${vmid} on node ${node}; it may be on another node, or gone: proxmox/guest.list shows where it is`,
    { details: { node, vmid, effect: 'none' } },
  )
}

/** Something else holds the guest. */
export function locked(lock: string, reason = 'it is held'): JobFailed {
  const what = lock === 'file' ? 'another task holds the guest' : `the guest is locked (${lock})`
  return pveFailed(
    'ERR_PVE_LOCKED',
    `${what}: ${reason}; wait until that task is over (proxmox/task.wait), or look why the lock was left behind`,
    { details: { lock, effect: 'none' }, retryable: true },
  )
}

/** The cluster cannot decide. */
export function noQuorum(reason = 'cluster not ready - no quorum?'): JobFailed {
  return pveFailed(
    'ERR_PVE_NO_QUORUM',
    `the cluster has no quorum and changes nothing: ${reason}; bring back enough nodes (proxmox/cluster.status)`,
    { details: { effect: 'none' }, retryable: true },
  )
}
