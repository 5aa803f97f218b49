// SPDX-License-Identifier: Apache-2.0
/** Serves the metrics on loopback, on a port of their own: whoever collects them is on this machine. */
import { CodedError, isCodedError } from '@sallyport/sdk'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../http/node-http.ts'
import type { Log } from '../log.ts'
import type { HubMetrics } from './hub-metrics.ts'

/** Metrics that are served until disposed of. */
export interface MetricsServer extends AsyncDisposable {
  readonly url: string
}

const HOST = '127.0.0.1'
/** Source: Prometheus, "Exposition formats", text-based format. */
const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const MAX_CONNECTIONS = 16
const PATIENCE_MS = 5_000

/** Begins to serve. Throws: ERR_PORT_TAKEN. */
export async function serveMetrics(
  port: number,
  { metrics, log }: { readonly metrics: HubMetrics; readonly log: Log },
): Promise<MetricsServer> {
  const times = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS }
  const server = createServer(times, ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') answer(response, 404, '')
    else {
      metrics.text().then(
        (text) => answer(response, 200, text),
        (error: unknown) => {
          log.error({ error }, 'metrics.fault')
          answer(response, 500, '')
        },
      )
    }
  })
  server.maxConnections = MAX_CONNECTIONS
  server.listen(port, HOST)
  await once(server, 'listening').catch((cause: unknown) => refuse(port, cause))
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections()
    },
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': TEXT_TYPE, 'cache-control': 'no-store' }).end(text)
}

function refuse(port: number, cause: unknown): never {
  if (!isCodedError(cause) || cause.code !== 'EADDRINUSE') throw cause
  const message = `another program listens on ${HOST}:${port}; stop it, or choose another --metrics-port`
  throw new CodedError('ERR_PORT_TAKEN', message, { cause })
}
