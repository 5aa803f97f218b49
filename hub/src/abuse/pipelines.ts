// SPDX-License-Identifier: Apache-2.0
/** Ends connections whose peer sends requests by the hundred without waiting for answers. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Lets through at most so many requests of one connection at once; with one more, the connection ends.
 *
 * Why: a packet has room for a thousand requests, all of which would be begun before anything else gets its turn. No client
 * of the hub sends a second one before the first is answered.
 */
export function endPipelines(server: Server, most: number): void {
  const listeners = server.listeners('request') as RequestListener[]
  const open = new WeakMap<Socket, number>()
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const count = (open.get(socket) ?? 0) + 1
    open.set(socket, count)
    if (count > most) {
      socket.destroy()
      return
    }
    response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
    for (const listener of listeners) listener(request, response)
  })
}
