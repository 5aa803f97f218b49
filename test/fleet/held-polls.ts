// SPDX-License-Identifier: Apache-2.0
/** Which polls of this process are held by a hub: seen where the HTTP library tells what it sends, so that agents need not say. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'

/** A poll that went out and was not answered for so long is held. */
const HELD_AFTER_MS = 250
const MAILBOX = '/v1/mailbox?'

interface Told {
  readonly request: object & { readonly path: string }
}

/** Watches the requests that are made inside `during`. */
export class HeldPolls {
  readonly #who = new AsyncLocalStorage<string>()
  readonly #asked = new WeakMap<object, string>()
  readonly #sentAt = new Map<string, number>()

  constructor() {
    subscribe('undici:request:create', (message) => {
      const { request } = message as Told
      const who = this.#who.getStore()
      if (who !== undefined && request.path.startsWith(MAILBOX)) this.#asked.set(request, who)
    })
    subscribe('undici:client:sendHeaders', (message) => {
      const who = this.#asked.get((message as Told).request)
      if (who !== undefined) this.#sentAt.set(who, performance.now())
    })
    for (const end of ['headers', 'error'])
      subscribe(`undici:request:${end}`, (message) => {
        const who = this.#asked.get((message as Told).request)
        if (who !== undefined) this.#sentAt.delete(who)
      })
  }

  /** Runs something in the name of one agent. */
  during<T>(who: string, run: () => T): T {
    return this.#who.run(who, run)
  }

  /** How many are held. */
  count(): number {
    const before = performance.now() - HELD_AFTER_MS
    let count = 0
    for (const sentAt of this.#sentAt.values()) if (sentAt <= before) count += 1
    return count
  }

  /** Whether this agent's poll is held. */
  has(who: string): boolean {
    return (this.#sentAt.get(who) ?? Infinity) <= performance.now() - HELD_AFTER_MS
  }
}
