// SPDX-License-Identifier: Apache-2.0
/** A line to the hubs with troubles on it: a loopback proxy that delays, cuts, repeats and parts what goes over it. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { NO_LUCK, type ExchangeLuck } from './wire-luck.ts'

/** What a line needs. */
export interface LineParts {
  /** The next exchange's luck; it begins with these bytes. */
  readonly draw: (request: Uint8Array) => ExchangeLuck
  /** Ports of the hubs, in their order. */
  readonly hubPorts: () => readonly number[]
  /** Told of every exchange that did not simply go through. */
  readonly onTrouble: (luck: ExchangeLuck) => void
}

/** One party's line. Disposing it cuts everything. */
export class TroubleLine implements AsyncDisposable {
  readonly #parts: LineParts
  readonly #service: Server
  readonly #pairs = new Set<Pair>()
  #isParted = false
  /** Until it is set nothing happens to anything. */
  isTroubled = false

  private constructor(parts: LineParts) {
    this.#parts = parts
    this.#service = createServer((near) => this.#accept(near))
  }

  /** Opens a line on a port of its own. */
  static async open(parts: LineParts): Promise<TroubleLine> {
    const line = new TroubleLine(parts)
    await new Promise<void>((done) => line.#service.listen(0, '127.0.0.1', done))
    return line
  }

  get url(): string {
    const { port } = this.#service.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /**
   * Parts the two ends. Connections that are open hang without an end, as when packets are dropped; new ones are not
   * answered either.
   */
  part(): void {
    this.#isParted = true
    for (const pair of this.#pairs) pair.freeze()
  }

  /** Mends it: what hung is cut, as it would be by the first packet that comes through. */
  mend(): void {
    this.#isParted = false
    for (const pair of this.#pairs) if (pair.isFrozen) pair.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) pair.cut()
    await new Promise((done) => this.#service.close(done))
  }

  #accept(near: Socket): void {
    const pair = new Pair(near, {
      draw: (request) => (this.isTroubled ? this.#draw(request) : NO_LUCK),
      hubPorts: this.#parts.hubPorts,
    })
    this.#pairs.add(pair)
    near.once('close', () => this.#pairs.delete(pair))
    if (this.#isParted) pair.freeze()
  }

  #draw(request: Uint8Array): ExchangeLuck {
    const luck = this.#parts.draw(request)
    const { fault, requestDelayMs, answerDelayMs } = luck
    if (fault !== 'none' || requestDelayMs + answerDelayMs > 0) this.#parts.onTrouble(luck)
    return luck
  }
}

type PairParts = Pick<LineParts, 'draw' | 'hubPorts'>

/** A connection of a party, and one to a hub. An exchange begins with the first bytes after an answer. */
class Pair {
  readonly #near: Socket
  readonly #parts: PairParts
  #far: Socket | undefined
  #luck: ExchangeLuck | undefined
  #request: Uint8Array[] = []
  /** Bytes go on in the order in which they came, whatever each of them waits for. */
  #outward: Promise<void> = Promise.resolve()
  #inward: Promise<void> = Promise.resolve()
  #isAnswered = true
  isFrozen = false

  constructor(near: Socket, parts: PairParts) {
    this.#near = near
    this.#parts = parts
    near.on('error', () => this.cut())
    near.on('close', () => this.#far?.destroy())
    near.on('data', (bytes: Uint8Array) => this.#takeRequest(bytes))
  }

  freeze(): void {
    this.isFrozen = true
  }

  cut(): void {
    this.#near.destroy()
    this.#far?.destroy()
  }

  #takeRequest(bytes: Uint8Array): void {
    if (this.#isAnswered) {
      this.#isAnswered = false
      this.#luck = this.#parts.draw(bytes)
      this.#request = []
    }
    const luck = this.#luck!
    if (luck.fault === 'lose-request') return this.cut()
    this.#request.push(bytes)
    this.#outward = this.#outward.then(async () => {
      await pause(luck.requestDelayMs)
      if (!this.isFrozen) this.#hub(luck)?.write(bytes)
    })
  }

  #takeAnswer(bytes: Uint8Array): void {
    const luck = this.#luck ?? NO_LUCK
    if (!this.#isAnswered && luck.fault === 'repeat') this.#repeat(luck)
    this.#isAnswered = true
    if (luck.fault === 'lose-answer') return this.cut()
    this.#inward = this.#inward.then(async () => {
      await pause(luck.answerDelayMs)
      if (this.isFrozen || this.#near.destroyed) return
      if (luck.fault !== 'cut-answer') this.#near.write(bytes)
      else this.#near.write(bytes.subarray(0, bytes.length >> 1), () => this.cut())
    })
  }

  #hub(luck: ExchangeLuck): Socket | undefined {
    if (this.#near.destroyed) return undefined
    if (this.#far === undefined) {
      const far = this.#dial(luck)
      this.#far = far
      far.on('data', (bytes: Uint8Array) => this.#takeAnswer(bytes))
      far.on('close', () => {
        if (!this.isFrozen) void this.#inward.then(() => this.#near.destroySoon())
      })
    }
    return this.#far
  }

  /** The same bytes once more, to any hub, by somebody who does not wait for the answer. */
  #repeat(luck: ExchangeLuck): void {
    const again = this.#dial(luck)
    for (const bytes of this.#request) again.write(bytes)
    again.once('data', () => again.destroy())
    setTimeout(() => again.destroy(), 2_000).unref()
  }

  #dial(luck: ExchangeLuck): Socket {
    const ports = this.#parts.hubPorts()
    const far = connect(ports[Math.floor(luck.hub * ports.length)]!, '127.0.0.1')
    return far.on('error', () => far.destroy())
  }
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((done) => setTimeout(done, ms))
}
