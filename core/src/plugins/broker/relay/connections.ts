// SPDX-License-Identifier: Apache-2.0
/** The relayed connections of one handle: bounded in number, ended with the run. */
import type { Socket } from 'node:net'
import { CodedError } from '@sallyport/sdk'
import type { SocketAddress } from '../../bindings/binding.ts'
import type { HandleSetting } from '../contract.ts'
import { connectTo } from './connect-to.ts'
import { RELAY_LIMITS, type RelayLimits } from './limits.ts'
import { RelayedConnection, type Watch } from './relayed-connection.ts'
import { Seats } from './seats.ts'
import { openStreamPair } from './stream-pair.ts'

/** Where to connect, and who looks on. */
export interface Target {
  /** The name that the plugin knows. */
  readonly name: string
  readonly address: SocketAddress
  readonly watch?: Watch
  /** Called when the connection has ended. */
  readonly onClosed?: () => void
}

const NO_WATCH: Watch = {
  fromService: (bytes) => ({ pass: bytes }),
  fromPlugin: (bytes) => ({ pass: bytes }),
}

/** All connections of this agent's plugins. */
const seats = new Seats({ max: RELAY_LIMITS.maxOpen, maxPerPlugin: RELAY_LIMITS.maxOpenPerPlugin })

/** Opens connections for one handle. */
export class Connections {
  readonly #setting: HandleSetting
  readonly #limits: RelayLimits
  #openedCount = 0
  #openCount = 0

  constructor(setting: HandleSetting, limits: RelayLimits = RELAY_LIMITS) {
    this.#setting = setting
    this.#limits = limits
  }

  /**
   * A new connection: the plugin's end of it. `ended` is aborted when the plugin must hold it no longer.
   *
   * Trust: the agent itself connects, to the bound address and to nothing else; the plugin gets one end of a local pair.
   * Throws: ERR_CONNECT_FAILED, ERR_LIMIT, and the reason of `ended`.
   */
  async open(target: Target, ended: AbortSignal): Promise<Socket> {
    this.#expectRoom()
    const leave = seats.take(this.#setting.pluginName)
    this.#openedCount += 1
    this.#openCount += 1
    const over = AbortSignal.any([ended, this.#setting.over])
    try {
      const { connection, far } = await this.#join(target, over)
      void connection.closed.then(() => {
        this.#left(leave)
        target.onClosed?.()
      })
      return far
    } catch (error) {
      this.#left(leave)
      throw error
    }
  }

  async #join(
    { name, address, watch = NO_WATCH }: Target,
    over: AbortSignal,
  ): Promise<{ connection: RelayedConnection; far: Socket }> {
    const { connectMs, maxBytes } = this.#limits
    const service = await connectTo({ name, address, timeoutMs: connectMs, signal: over })
    try {
      const { near, far } = await openStreamPair(this.#setting.stateDirectory)
      const connection = new RelayedConnection({ service, near, far }, { maxBytes, watch })
      endWith(connection, over)
      return { connection, far }
    } catch (error) {
      service.destroy()
      throw error
    }
  }

  #expectRoom(): void {
    const { maxOpenPerHandle, maxPerHandle } = this.#limits
    if (this.#openCount >= maxOpenPerHandle) {
      throw new CodedError('ERR_LIMIT', `this run has ${maxOpenPerHandle} connections open`)
    }
    if (this.#openedCount >= maxPerHandle) {
      throw new CodedError('ERR_LIMIT', `this run has opened ${maxPerHandle} connections`)
    }
  }

  #left(leave: () => void): void {
    this.#openCount -= 1
    leave()
  }
}

/** Why looked at again: the run may have ended while the pair was made. */
function endWith(connection: RelayedConnection, over: AbortSignal): void {
  const close = (): void => connection.close()
  over.addEventListener('abort', close, { once: true })
  void connection.closed.then(() => over.removeEventListener('abort', close))
  if (over.aborted) close()
}
