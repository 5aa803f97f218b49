// SPDX-License-Identifier: Apache-2.0
/** A bound service as the engine of a client that calls `doRequest`. */
import type { Endpoint, EndpointRequest, FieldValue } from './handles.ts'
import { statusError } from './status-error.ts'

/** What such a client asks of its engine; the shape of `ApiRequestable` in proxmox-api 1.1. */
export interface DoRequest {
  /** `path` is the final path, `pathTemplate` the same with `*` for what varies; `params` go into query or form. */
  doRequest(
    httpMethod: string,
    path: string,
    pathTemplate: string,
    params?: Readonly<Record<string, unknown>>,
  ): Promise<unknown>
}

/**
 * An engine whose requests go through a handle: the client keeps its typing and loses socket, credential and retry.
 *
 * Shape: answers are JSON with the result in `data`. Truth values go out as 1 and 0, absent ones not at all.
 * Throws: ERR_ENDPOINT_STATUS with what the service says, TypeError for a path that is not below `base`.
 *
 * @example
 * const engine = asDoRequest(use.pve)
 * const guests = await engine.doRequest('get', '/api2/json/cluster/resources', '/cluster/resources', { type: 'vm' })
 */
export function asDoRequest(
  endpoint: Pick<Endpoint, 'request'>,
  options: {
    /** What the client puts before each path and the binding has already; `/api2/json` unless given. */
    readonly base?: string
  } = {},
): DoRequest {
  const { base = '/api2/json' } = options
  return {
    doRequest: async (httpMethod, path, _pathTemplate, params = {}) => {
      const method = httpMethod.toUpperCase()
      const request = requestOf(method, below(base, path), fieldsOf(params))
      const answer = await endpoint.request(request)
      const said = parseAnswer(answer.body)
      if (answer.status >= 200 && answer.status <= 299) return dataOf(said)
      throw statusError(request, answer, said)
    },
  }
}

function requestOf(
  method: string,
  path: string,
  fields: Readonly<Record<string, FieldValue | readonly FieldValue[]>>,
): EndpointRequest {
  if (Object.keys(fields).length === 0) return { method, path }
  const isForm = method === 'POST' || method === 'PUT'
  return { method, path, ...(isForm ? { form: fields } : { query: fields }) }
}

/** Why encoded here: such clients encode the slash of a value and nothing else. */
function below(base: string, path: string): string {
  if (!path.startsWith(`${base}/`)) throw new TypeError(`${path} does not begin with ${base}/`)
  const segments = path.slice(base.length + 1).split('/')
  const encoded = segments.map((segment) =>
    segment.split(/%2F/i).map(encodeURIComponent).join('%2F'),
  )
  return `/${encoded.join('/')}`
}

function fieldsOf(
  params: Readonly<Record<string, unknown>>,
): Record<string, FieldValue | FieldValue[]> {
  const present = Object.entries(params).filter(
    ([, value]) => value !== null && value !== undefined,
  )
  return Object.fromEntries(
    present.map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(fieldOf) : fieldOf(value),
    ]),
  )
}

function fieldOf(value: unknown): FieldValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' ? value : String(value)
}

function dataOf(said: unknown): unknown {
  return typeof said === 'object' && said !== null && 'data' in said ? said.data : undefined
}

/** Why lenient: the job checks what it uses of an answer; what is no JSON is given as text. */
function parseAnswer(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body)
  try {
    return JSON.parse(text)
  } catch {
    return text.slice(0, 1_000)
  }
}
