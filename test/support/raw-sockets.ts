// SPDX-License-Identifier: Apache-2.0
/** Connections by hand: bytes that no client would send, and many peers that are slow. */
import { connect, type Socket } from 'node:net'

/** Sends bytes and reads until the connection ends or nothing comes any more. */
export async function exchange(
  url: string,
  bytes: string,
  { quietMs = 1_000, from }: { quietMs?: number; from?: string } = {},
): Promise<string> {
  const socket = dial(url, from)
  let text = ''
  socket.setTimeout(quietMs, () => socket.destroy())
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  socket.write(bytes, 'latin1')
  await closed(socket)
  return text
}

/** Opens a connection; what breaks on it is of no interest. */
export function dial(url: string, localAddress?: string): Socket {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), ...(localAddress && { localAddress }) })
  return socket.on('error', () => {})
}

/** Resolves when a connection is closed, however it ended. */
function closed(socket: Socket): Promise<void> {
  return new Promise((done) => (socket.closed ? done() : void socket.once('close', () => done())))
}

/** Many connections of slow peers, and how long each was left open. */
export class Crowd implements Disposable {
  readonly #sockets: Socket[] = []
  readonly #openMs: number[] = []

  /** Opens `count` connections from an address, each of which gets `use`. */
  constructor(
    url: string,
    { count, from }: { count: number; from: string },
    use: (socket: Socket) => void,
  ) {
    for (let n = 0; n < count; n += 1) {
      const startedAt = performance.now()
      const socket = dial(url, from)
      // Whoever does not read does not hear that the connection has ended.
      socket.resume()
      socket.on('connect', () => use(socket))
      socket.on('close', () => this.#openMs.push(performance.now() - startedAt))
      this.#sockets.push(socket)
    }
  }

  /** Connections that were made. */
  get madeCount(): number {
    return this.#sockets.filter(({ connecting }) => !connecting).length
  }

  /** Resolves when all are cut, with the longest time that one was open. Units: milliseconds. */
  async allCut(): Promise<number> {
    await Promise.all(this.#sockets.map(closed))
    return Math.max(...this.#openMs)
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
