// SPDX-License-Identifier: Apache-2.0
/** One address for several hubs: each connection goes to the next of them, or to the one after when that is down. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Who shares connections out. */
export interface RoundRobin extends AsyncDisposable {
  readonly url: string
  /** Begins to keep what comes from clients; the function that it returns ends that, and tells it. */
  overhear(): () => string
}

/** Starts it, for whatever ports there are when a connection comes. */
export async function startRoundRobin(ports: () => readonly number[]): Promise<RoundRobin> {
  const sockets = new Set<Socket>()
  const listeners = new Set<(bytes: Buffer) => void>()
  let next = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const join = (from: Socket, left: number): void => {
    const all = ports()
    if (left === 0 || all.length === 0) return void from.destroy()
    next += 1
    const to = connect(all[next % all.length]!, '127.0.0.1')
    to.once('error', () => join(from, left - 1))
    to.once('connect', () => {
      keep(to).removeAllListeners('error')
      to.on('error', () => from.destroy())
      to.on('close', () => from.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to).pipe(from)
      from.on('data', (bytes: Buffer) => {
        for (const listen of listeners) listen(bytes)
      })
    })
  }
  const listening = createServer((socket) => join(keep(socket), ports().length))
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done))
  const { port } = listening.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    overhear() {
      const heard: Buffer[] = []
      const listen = (bytes: Buffer) => void heard.push(bytes)
      listeners.add(listen)
      return () => {
        listeners.delete(listen)
        return Buffer.concat(heard).toString('latin1')
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => listening.close(done))
    },
  }
}
