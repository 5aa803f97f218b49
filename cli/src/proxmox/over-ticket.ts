// SPDX-License-Identifier: Apache-2.0
/** The interface of a node over TLS, with a ticket that is used for this one sitting and never kept. */
import { openBoundEndpoint, type EndpointBinding, type ServicePin } from '@sallyport/core/plugins'
import { asDoRequest, CodedError, endpoint, Secret, type DoRequest } from '@sallyport/sdk'
import type { Account, PveInterface } from './interface.ts'

/** Everything that making an account takes, and nothing else. */
const LOGIN = endpoint('pve', ['POST /access/ticket'])
const ROUTES = endpoint('pve', [
  'GET /access/roles',
  'POST /access/roles',
  'PUT /access/roles/{roleid:id}',
  'DELETE /access/roles/{roleid:id}',
  'GET /access/users',
  'POST /access/users',
  'GET /access/users/{userid:segment}/token',
  'POST /access/users/{userid:segment}/token/{tokenid:id}',
  'DELETE /access/users/{userid:segment}/token/{tokenid:id}',
  'GET /access/acl',
  'PUT /access/acl',
])

/** A node to talk to. */
export interface NodeAddress {
  /** `https://host:8006/api2/json`. */
  readonly url: string
  readonly pin: ServicePin
}

interface Ticket {
  readonly ticket: string
  readonly CSRFPreventionToken: string
  readonly NeedTFA?: number
}

/**
 * Logs in and returns the interface; it ends when `over` is aborted.
 *
 * Trust: nothing is sent before the certificate is the pinned one.
 * Throws: ERR_PVE_LOGIN, ERR_ENDPOINT_UNREACHABLE, ERR_ENDPOINT_UNTRUSTED.
 */
export async function overTicket(
  node: NodeAddress,
  account: Account,
  over: AbortSignal,
): Promise<PveInterface> {
  const ticket = await logIn(node, account, over)
  const headers = {
    Cookie: new Secret(`PVEAuthCookie=${encodeURIComponent(ticket.ticket)}`),
    CSRFPreventionToken: new Secret(ticket.CSRFPreventionToken),
  }
  const engine = engineOf(ROUTES, { ...bound(node), headers }, over)
  return {
    call: (method, path, params) => engine.doRequest(method, `/api2/json${path}`, path, params),
  }
}

async function logIn(node: NodeAddress, account: Account, over: AbortSignal): Promise<Ticket> {
  const engine = engineOf(LOGIN, bound(node), over)
  const ask = (params: Record<string, string>): Promise<unknown> =>
    engine
      .doRequest('POST', '/api2/json/access/ticket', '/access/ticket', {
        username: account.id,
        ...params,
      })
      .catch((cause: unknown) => {
        throw loginFault(account, cause)
      })
  const first = (await ask({ password: account.password.reveal() })) as Ticket
  if (first.NeedTFA !== 1) return first
  if (account.totp === undefined) {
    throw new CodedError('ERR_PVE_LOGIN', `${account.id} has a second factor; give its code`, {
      details: { flag: '--totp' },
    })
  }
  return (await ask({ password: `totp:${account.totp}`, 'tfa-challenge': first.ticket })) as Ticket
}

/** Why other errors pass: a node out of reach has a code and a remedy of its own. */
function loginFault({ id }: Account, cause: unknown): unknown {
  const { code, details } = cause as { code?: string; details?: { status?: number } }
  if (code !== 'ERR_ENDPOINT_STATUS') return cause
  return new CodedError('ERR_PVE_LOGIN', `the node does not let ${id} in`, {
    details: { status: details?.status ?? 0 },
    cause,
  })
}

function engineOf(
  permission: ReturnType<typeof endpoint>,
  binding: EndpointBinding,
  over: AbortSignal,
): DoRequest {
  return asDoRequest(openBoundEndpoint(permission, binding, over))
}

function bound({ url, pin }: NodeAddress): EndpointBinding {
  return { kind: 'endpoint', url, pin, headers: {} }
}
