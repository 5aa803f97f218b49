// SPDX-License-Identifier: Apache-2.0
/** A real TCP or Unix-socket service in this process, for plugins to connect to. */
import { createServer, type Socket } from 'node:net'
import type { ConnectBinding } from '../../../src/plugins/bindings/binding.ts'

/** A running service. */
export interface Service extends AsyncDisposable {
  readonly binding: ConnectBinding
  readonly port: number
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>
  /** Connections there have been. */
  count(): number
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a service on loopback, or at a path. */
export async function startService(
  serve: (socket: Socket) => unknown,
  path?: string,
): Promise<Service> {
  const open = new Set<Socket>()
  let count = 0
  const server = createServer((socket) => {
    count += 1
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    serve(socket)
  })
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  const port = path === undefined ? (server.address() as { port: number }).port : 0
  const address = path === undefined ? { host: '127.0.0.1', port } : { socketPath: path }
  return {
    binding: { kind: 'connect', address },
    port,
    open,
    count: () => count,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
