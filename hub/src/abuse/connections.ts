// SPDX-License-Identifier: Apache-2.0
/** Bounds the connections on which nobody has shown a session yet: whoever opens thousands pushes out their own. */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { HubLimits } from '../limits.ts'
import type { LimitCounts } from './limit-counts.ts'
import { sourceOf, type TrustedProxies } from './source.ts'

/** What the watch over connections needs. */
export interface ConnectionsParts {
  readonly limits: Pick<HubLimits, 'strangers' | 'strangersPerSource'>
  readonly proxies: TrustedProxies
  readonly counts: LimitCounts
}

interface Stranger {
  readonly socket: Socket
  readonly source: string
}

/** Why the ports: under TLS a request comes on another object than the connection it came by. */
const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

/**
 * Watches over connections.
 *
 * Why not simply fewer connections: thousands of agents may come through one address, and theirs are known after the
 * first request. One that is pushed out waits for its peer to send something, and is the one that waits longest.
 */
export class Connections {
  readonly #parts: ConnectionsParts
  readonly #strangers = new Map<string, Stranger>()
  readonly #waiting = new Map<string, Stranger>()
  /** Those that wait, and how many there are in all, of each source. */
  readonly #bySource = new Map<string, { waiting: Set<string>; count: number }>()

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
  }

  /** Watches the connections of a server from now on. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket))
  }

  /** How many connections have shown no session. */
  get strangerCount(): number {
    return this.#strangers.size
  }

  /** A whole request came and is worked on; its connection is not pushed out meanwhile. */
  began({ socket }: IncomingMessage): void {
    this.#stopWaiting(nameOf(socket))
  }

  /** The request is answered. */
  ended({ socket }: IncomingMessage): void {
    const name = nameOf(socket)
    const stranger = this.#strangers.get(name)
    if (stranger !== undefined && !stranger.socket.destroyed) this.#wait(name, stranger)
  }

  /** Somebody showed a session on this connection. */
  proved({ socket }: IncomingMessage): void {
    this.#remove(nameOf(socket))
  }

  #add(socket: Socket): void {
    const { limits, proxies } = this.#parts
    const { remoteAddress: address } = socket
    // What a proxy keeps open is shared by whoever is behind it.
    if (address === undefined || proxies.has(address)) return
    const source = sourceOf({ address, forwardedFor: undefined }, proxies)
    const of = this.#bySource.get(source) ?? { waiting: new Set(), count: 0 }
    const isOneTooMany = this.#strangers.size >= limits.strangers
    const isOneOfItsTooMany = of.count >= limits.strangersPerSource
    if (isOneTooMany || isOneOfItsTooMany) {
      const [oldest] = isOneOfItsTooMany ? of.waiting : this.#waiting.keys()
      if (!this.#pushOut(oldest)) {
        socket.destroy()
        return
      }
    }
    const name = nameOf(socket)
    const stranger = { socket, source }
    this.#strangers.set(name, stranger)
    this.#bySource.set(source, of)
    of.count += 1
    this.#wait(name, stranger)
    socket.once('close', () => this.#remove(name))
  }

  #pushOut(name: string | undefined): boolean {
    this.#parts.counts.add('connection', 'source')
    if (name === undefined) return false
    const stranger = this.#strangers.get(name)
    this.#remove(name)
    stranger?.socket.destroy()
    return true
  }

  #wait(name: string, stranger: Stranger): void {
    this.#waiting.set(name, stranger)
    this.#bySource.get(stranger.source)?.waiting.add(name)
  }

  #stopWaiting(name: string): void {
    const stranger = this.#waiting.get(name)
    if (stranger === undefined) return
    this.#waiting.delete(name)
    this.#bySource.get(stranger.source)?.waiting.delete(name)
  }

  #remove(name: string): void {
    const stranger = this.#strangers.get(name)
    if (stranger === undefined) return
    this.#stopWaiting(name)
    this.#strangers.delete(name)
    const of = this.#bySource.get(stranger.source)
    if (of === undefined) return
    of.count -= 1
    if (of.count === 0) this.#bySource.delete(stranger.source)
  }
}
