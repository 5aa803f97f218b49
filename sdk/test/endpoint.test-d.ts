// SPDX-License-Identifier: Apache-2.0
/** What clients and jobs get of a bound service; read by the compiler, never run. */
import { asDoRequest, asFetch, endpoint, parseRoute, readStream } from '../src/index.ts'
import type { Endpoint, FetchAnswer } from '../src/index.ts'
import { fakeEndpoint } from '../src/testing/index.ts'

declare const use: { readonly pve: Endpoint; readonly docker: Endpoint }
declare const log: (message: string) => void

/** What proxmox-api 1.1 asks of an engine. */
interface ApiRequestable {
  doRequest(
    httpMethod: string,
    path: string,
    pathTemplate: string,

    params?: { [key: string]: any },
  ): Promise<unknown>
}

// The examples of the adapters.
const engine: ApiRequestable = asDoRequest(use.pve)
void engine.doRequest('get', '/api2/json/cluster/resources', '/cluster/resources', { type: 'vm' })
const own = asFetch(use.docker, { base: 'http://docker/v1.47' })
const answer: Promise<FetchAnswer> = own('http://docker/v1.47/containers/json')
for await (const piece of readStream(use.docker, { method: 'GET', path: '/events' })) {
  log(`${piece.length} bytes`)
}

// A client that wants the global fetch gets it.
const real: typeof fetch = asFetch<typeof fetch>(use.docker)
void real('/containers/json').then((response: Response) => response.status)
void answer

// Routes begin with a method and a path.
endpoint('pve', ['GET /nodes/{node}/status'])
// @ts-expect-error no method
endpoint('pve', ['/nodes'])
// @ts-expect-error no path
endpoint('pve', ['GET nodes'])

// A fake service stands where a handle does.
const fake: Endpoint = fakeEndpoint({ 'GET /x': { status: 204 } })
void fake
const { segments } = parseRoute('GET /tasks/{upid:segment}')
for (const segment of segments) {
  if ('literal' in segment) log(segment.literal)
  else if ('name' in segment) log(segment.name)
  else for (const piece of segment.pieces) log('literal' in piece ? piece.literal : piece.name)
}
