// SPDX-License-Identifier: Apache-2.0
/** Watches the beginning of an SSH connection and cuts it when the host is not the one it must be. */
import type { Verdict, Watch } from '../relay/relayed-connection.ts'
import {
  MESSAGE,
  disconnectPacket,
  messagesOfExchange,
  parseKeyExchangeInit,
  parseKeyExchangeReply,
  type KeyExchangeInit,
  type KeyExchangeReply,
} from './key-exchange.ts'
import { PlainStream, type PlainPiece } from './plain-stream.ts'

/** Messages that may come at any time and change nothing. Source: RFC 4253, section 11. */
const ASIDE: ReadonlySet<number> = new Set([
  MESSAGE.disconnect,
  MESSAGE.ignore,
  MESSAGE.unimplemented,
  MESSAGE.debug,
])

/** Where the host's side stands. `open`: what follows is encrypted with keys of an exchange with a pinned host. */
type Stage = 'line' | 'init' | 'exchange' | 'new-keys' | 'open' | 'cut'

/** What is asked and told while a connection is watched. */
export interface HostPins {
  /** Whether a key in SSH wire format is one of the host's. */
  isPinned(hostKey: Uint8Array): boolean
  /** Called when the host has shown a key that is pinned, before the plugin learns of it. */
  onReply(reply: KeyExchangeReply): void
  /** Called when the host has shown another key. */
  onOtherHost(): void
}

/**
 * Follows the first key exchange, without changing a byte of it.
 *
 * Trust: a host that shows a key that is not pinned has its reply held back, so no plugin goes on with it. That the
 * host also holds the key is proven by its signature, which the SSH client checks, and `SshProofs` before the operator's
 * key is used. Later exchanges are encrypted and in the hands of those two.
 */
export class HostWatch implements Watch {
  readonly #pins: HostPins
  readonly #host = new PlainStream()
  readonly #client = new PlainStream()
  #stage: Stage = 'line'
  #hostInit: KeyExchangeInit | undefined
  #clientInit: KeyExchangeInit | undefined
  #clientHasLine = false
  #expected: number[] = []

  constructor(pins: HostPins) {
    this.#pins = pins
  }

  fromService(bytes: Uint8Array): Verdict {
    if (this.#stage === 'open') return { pass: bytes }
    return this.#follow(this.#host, bytes, {
      take: (piece) => this.#takeFromHost(piece),
      isOver: () => this.#stage === 'open',
      fault: 'the host does not speak SSH as it should',
    })
  }

  fromPlugin(bytes: Uint8Array): Verdict {
    if (this.#clientInit !== undefined) return { pass: bytes }
    return this.#follow(this.#client, bytes, {
      take: (piece) => this.#takeFromClient(piece),
      isOver: () => this.#clientInit !== undefined,
      fault: 'the client does not speak SSH as it should',
    })
  }

  #follow(
    stream: PlainStream,
    bytes: Uint8Array,
    by: { take(piece: PlainPiece): string | undefined; isOver(): boolean; readonly fault: string },
  ): Verdict {
    if (this.#stage === 'cut') return { cut: new Uint8Array() }
    if (!stream.add(bytes)) return this.#cut('protocol', by.fault)
    const passed: Uint8Array[] = []
    while (!by.isOver()) {
      const piece = stream.next()
      if (piece === 'partial') return { pass: Buffer.concat(passed) }
      const fault = piece === 'malformed' ? by.fault : by.take(piece)
      if (fault !== undefined)
        return this.#cut(fault === OTHER_HOST ? 'host-key' : 'protocol', fault)
      passed.push((piece as PlainPiece).bytes)
    }
    return { pass: Buffer.concat([...passed, stream.rest()]) }
  }

  #takeFromClient({ payload }: PlainPiece): string | undefined {
    if (!this.#clientHasLine) {
      this.#clientHasLine = true
      return undefined
    }
    this.#clientInit = parseKeyExchangeInit(payload)
    return this.#clientInit === undefined ? 'the client does not begin a key exchange' : undefined
  }

  #takeFromHost({ payload }: PlainPiece): string | undefined {
    if (this.#stage === 'line') {
      this.#stage = 'init'
      return undefined
    }
    const type = payload[0]!
    if (ASIDE.has(type)) return undefined
    switch (this.#stage) {
      case 'init':
        return this.#takeInit(payload)
      case 'exchange':
        return this.#takeExchange(type, payload)
      default:
        if (type !== MESSAGE.newKeys) return 'the host goes on after its reply'
        this.#stage = 'open'
        return undefined
    }
  }

  /** Why no guess: a client that finds it wrong would pass over the message that is looked at here. */
  #takeInit(payload: Uint8Array): string | undefined {
    this.#hostInit = parseKeyExchangeInit(payload)
    if (this.#hostInit === undefined) return 'the host does not begin a key exchange'
    this.#stage = 'exchange'
    return this.#hostInit.guesses ? 'the host guesses a key exchange' : undefined
  }

  #takeExchange(type: number, payload: Uint8Array): string | undefined {
    if (this.#expected.length === 0) {
      if (this.#clientInit === undefined) return 'the host answers before it was asked'
      const expected = messagesOfExchange(this.#clientInit, this.#hostInit!)
      if (expected === undefined) return 'client and host agree on no key exchange that is known'
      this.#expected = expected
    }
    if (type !== this.#expected.shift()) return 'the host sends another message than is its turn'
    return this.#expected.length > 0 ? undefined : this.#takeReply(payload)
  }

  #takeReply(payload: Uint8Array): string | undefined {
    const reply = parseKeyExchangeReply(payload)
    if (reply === undefined) return 'the host sends a reply of unknown form'
    if (!this.#pins.isPinned(reply.hostKey)) {
      this.#pins.onOtherHost()
      return OTHER_HOST
    }
    this.#stage = 'new-keys'
    this.#pins.onReply(reply)
    return undefined
  }

  /** Why the stage: before the host's line a packet would not be read as one. */
  #cut(why: 'host-key' | 'protocol', text: string): Verdict {
    const isReadable = this.#stage !== 'line' && this.#stage !== 'cut'
    this.#stage = 'cut'
    return { cut: isReadable ? disconnectPacket(why, text) : new Uint8Array() }
  }
}

const OTHER_HOST = 'the host has another key than the one that is bound'
