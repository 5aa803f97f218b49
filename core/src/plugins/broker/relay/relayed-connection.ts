// SPDX-License-Identifier: Apache-2.0
/** One connection between a plugin and a service, with the agent in the middle: it counts, looks on and cuts. */
import type { Socket } from 'node:net'

/** What becomes of bytes: those that go on, or the end of the connection after some last words to the plugin. */
export type Verdict = { readonly pass: Uint8Array } | { readonly cut: Uint8Array }

/** Looks at the bytes of a connection. It may hold back what is not whole yet. Must not throw. */
export interface Watch {
  fromService(bytes: Uint8Array): Verdict
  fromPlugin(bytes: Uint8Array): Verdict
}

/** The sockets of a connection in this process. */
export interface RelayEnds {
  /** Connected to the service. */
  readonly service: Socket
  /** The agent's end of the pair whose other end the plugin gets. */
  readonly near: Socket
  /** The plugin's end, for as long as it is still in this process. */
  readonly far: Socket
}

/** Time a service has to end, or to go on sending, once the plugin has ended its side. */
const LINGER_MS = 30_000

/** Pipes both ways until both sides have ended, one of them fails, a bound is reached or it is closed. */
export class RelayedConnection {
  /** Resolves when no socket of it is open in this process any more. */
  readonly closed: Promise<void>
  readonly #ends: RelayEnds

  constructor(ends: RelayEnds, bounds: { readonly maxBytes: number; readonly watch: Watch }) {
    this.#ends = ends
    const { service, near, far } = ends
    const { maxBytes, watch } = bounds
    this.closed = Promise.all([service, near].map(gone)).then(() => void far.destroy())
    for (const socket of [service, near]) socket.on('error', () => undefined) // It closes, too.
    service.on('close', () => near.end(() => near.destroy()))
    near.on('close', () => service.destroy())
    near.on('end', () => service.setTimeout(LINGER_MS, () => this.close()))
    this.#pump(service, near, (bytes) => watch.fromService(bytes), maxBytes)
    this.#pump(near, service, (bytes) => watch.fromPlugin(bytes), maxBytes)
  }

  /** Ends it at once. */
  close(): void {
    const { service, near, far } = this.#ends
    for (const socket of [service, near, far]) socket.destroy()
  }

  /** Why paused: a side that reads slowly must slow the other one down, not fill this process. */
  #pump(from: Socket, to: Socket, judge: (bytes: Uint8Array) => Verdict, maxBytes: number): void {
    let count = 0
    from.on('data', (bytes: Buffer) => {
      count += bytes.length
      if (count > maxBytes) return this.close()
      const verdict = judge(bytes)
      if ('cut' in verdict) return this.#cut(verdict.cut)
      if (!to.writable || to.write(verdict.pass)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
    from.on('end', () => to.end())
  }

  /** The end of the service is what ends the near side, once the last words have left. */
  #cut(lastWords: Uint8Array): void {
    const { service, near } = this.#ends
    near.pause()
    near.write(lastWords)
    service.destroy()
  }
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
