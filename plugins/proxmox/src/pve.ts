// SPDX-License-Identifier: GPL-3.0-or-later
/** The typed interface of Proxmox VE over a brokered handle, without the limits of the client that types it. */
import { setTimeout as delay } from 'node:timers/promises'
import { asDoRequest, isCodedError } from '@sallyport/sdk'
import type { Endpoint, EndpointAnswer, EndpointRequest } from '@sallyport/sdk'
import { proxmoxApi } from 'proxmox-api'
import type { Proxmox } from 'proxmox-api'
import { foreignAnswer, refusedBy } from './errors.ts'
import type { PveAdditions } from './pve-additions.ts'

/** The whole interface: what the client types, and what it does not know yet. */
export type Pve = Proxmox.Api & PveAdditions

/** What is worth a second try, of a request that only looks. */
const PASSING = new Set(['ERR_ENDPOINT_UNREACHABLE', 'ERR_PVE_NODE_OFFLINE'])
/** Time before the second and the third try. */
const RETRY_MS = [200, 800]

/**
 * The interface over a handle; every request goes through the handle and nowhere else.
 *
 * Shape: what is given as part of a path is one part of it; several values are a list, values in one text are made by
 * `propertyString`. A request that only looks is tried up to three times, any other once.
 * Throws: TypeError for a path or a parameter that cannot be written, ERR_PVE_… as `errors.ts` says, and what the
 * handle throws.
 *
 * @example
 * await pveOf(use.pve).nodes.$('pve1').qemu.$(101).status.current.$get()
 */
export function pveOf(endpoint: Pick<Endpoint, 'request'>): Pve {
  const engine = asDoRequest({ request: (request) => ask(endpoint, request) })
  return proxmoxApi({
    doRequest: async (method, path, template, params = {}) => {
      expectPath(path)
      expectFields(params)
      return engine.doRequest(method, path, template, params)
    },
  }) as Pve
}

/** Why here and not left to the handle: the client puts a text with `..`, `?` or `%2F` into a path as it is. */
function expectPath(path: string): void {
  const parts = path.split('/').slice(1)
  for (const part of parts.flatMap((each) => each.split('%2F'))) {
    if (['', '.', '..'].includes(part)) throw new TypeError(`${path} has an empty, . or .. part`)
    if (/[\\%?#\p{C}\p{Zl}\p{Zp}]/u.test(part)) {
      throw new TypeError(`${JSON.stringify(part)} cannot be part of a path`)
    }
  }
}

function expectFields(params: object): void {
  for (const [name, value] of Object.entries(params) as [string, unknown][]) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value ?? '']
    if (!values.every(isField)) {
      throw new TypeError(`the parameter "${name}" holds no text, number or truth value`)
    }
  }
}

function isField(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' || typeof value === 'boolean'
}

/** Makes a request, again when it only looks and the way was blocked. */
async function ask(
  endpoint: Pick<Endpoint, 'request'>,
  request: EndpointRequest,
): Promise<EndpointAnswer> {
  for (const waitMs of request.method === 'GET' ? RETRY_MS : []) {
    try {
      return await askOnce(endpoint, request)
    } catch (error) {
      if (!isCodedError(error) || !PASSING.has(error.code)) throw error
      await delay(waitMs)
    }
  }
  return askOnce(endpoint, request)
}

async function askOnce(
  endpoint: Pick<Endpoint, 'request'>,
  request: EndpointRequest,
): Promise<EndpointAnswer> {
  const answer = await endpoint.request(request)
  const { status, statusText } = answer
  const said = jsonOf(answer.body)
  const told = { method: request.method, path: request.path, status, statusText, said }
  if (status < 200 || status > 299) throw refusedBy(told)
  const isAnswer = typeof said === 'object' && said !== null && 'data' in said
  if (!isAnswer) throw foreignAnswer(told)
  return answer
}

/** The body as JSON; undefined when it is none. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
  } catch {
    return undefined
  }
}
