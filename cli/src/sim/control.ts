// SPDX-License-Identifier: Apache-2.0
/** A way into a simulator for those who test against it: faults, the ledger, more tokens, over a Unix socket. */
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { parseJson } from '@sallyport/core/protocol'
import type { ProxmoxKit, ProxmoxSimulation } from './proxmox-kit.ts'

/** The largest rule or grant. */
const MAX_BODY_BYTES = 64 * 1024

type Route = (body: unknown) => unknown

/** Listens on the socket until disposed. Whoever may open the socket may do it all. */
export async function openControl(
  socket: string,
  { kit, simulation }: { kit: ProxmoxKit; simulation: ProxmoxSimulation },
): Promise<AsyncDisposable> {
  const routes: Readonly<Record<string, Route>> = {
    'GET /ledger': () => simulation.ledger,
    'POST /faults': (rule) => void simulation.addFault(rule),
    'DELETE /faults': () => void simulation.clearFaults(),
    'POST /tokens': (grant) => ({
      secret: kit.grantToken(simulation.world, grant as { readonly token: string }),
    }),
  }
  const service = createServer((request, response) => {
    void answerOf(routes, request).then(({ status, body }) => {
      response.writeHead(status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((done, failed) => {
    service.once('error', failed)
    service.listen(socket, done)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        service.close(() => done())
        service.closeAllConnections()
      }),
  }
}

async function answerOf(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  const route = routes[`${request.method} ${request.url}`]
  if (route === undefined) return { status: 404, body: { message: 'no such route' } }
  try {
    const bytes = Buffer.concat(parts)
    const body = bytes.length === 0 ? undefined : parseJson(bytes, MAX_BODY_BYTES)
    return { status: 200, body: route(body) ?? null }
  } catch (error) {
    return { status: 400, body: { message: String(error) } }
  }
}
