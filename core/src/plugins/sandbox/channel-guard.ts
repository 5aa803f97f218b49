// SPDX-License-Identifier: Apache-2.0
/** Stands between a plugin's bytes and Node's message channel in the agent. */
import type { ChildProcess } from 'node:child_process'
import { CodedError } from '@sallyport/sdk'
import { FrameMeter } from './frame-meter.ts'
import { CHANNEL_LIMITS } from './limits.ts'

/** The part of Node's channel that is wrapped. Source: Node.js, `lib/internal/child_process.js`, `setupChannel`. */
interface ChannelHandle {
  onread: (chunk: ArrayBuffer | undefined) => unknown
  /** All bytes read so far, with those of the chunk that is handed over. */
  readonly bytesRead: number
  /** A descriptor the peer passed along. */
  pendingHandle?: { close(): void } | null
}

/** A child as Node really makes it. */
interface ChannelOwner {
  /** Messages that wait until the peer has acknowledged a descriptor. */
  _handleQueue?: unknown
}

/**
 * Wraps the channel of a child that was just spawned: bounds messages before they are collected, and turns what would
 * crash this process (bytes that cannot be read, forged messages of Node's own protocol, passed descriptors) into `onAbuse`.
 *
 * Trust: call it before the event loop turns, so that no byte goes past it. After `onAbuse` nothing more is read.
 * Throws: ERR_SANDBOX_UNAVAILABLE when this Node has no such channel; then the child must not be used.
 */
export function guardChannel(child: ChildProcess, onAbuse: (why: string) => void): void {
  const gate = { isOpen: true }
  const close = (why: string): void => {
    if (!gate.isOpen) return
    gate.isOpen = false
    onAbuse(why)
  }
  guardBytes(channelHandleOf(child), gate, close)
  guardProtocol(child, close)
}

function channelHandleOf(child: ChildProcess): ChannelHandle {
  const symbol = Object.getOwnPropertySymbols(child).find(
    (own) => own.description === 'kChannelHandle',
  )
  const handle: unknown = symbol && (child as unknown as Record<symbol, unknown>)[symbol]
  const isKnown =
    typeof handle === 'object' &&
    handle !== null &&
    'onread' in handle &&
    typeof handle.onread === 'function' &&
    'bytesRead' in handle &&
    typeof handle.bytesRead === 'number'
  if (isKnown) return handle as ChannelHandle
  throw new CodedError(
    'ERR_SANDBOX_UNAVAILABLE',
    'the message channel of this Node cannot be guarded',
  )
}

function guardBytes(
  handle: ChannelHandle,
  gate: { readonly isOpen: boolean },
  close: (why: string) => void,
): void {
  const read = handle.onread
  const meter = new FrameMeter(CHANNEL_LIMITS, () => performance.now())
  let before = handle.bytesRead
  handle.onread = (chunk) => {
    if (chunk === undefined) return read.call(handle, chunk) // The end; Node closes the channel.
    // Why counted: behind the bytes that were read, a chunk may have more room, with whatever lay there.
    const length = handle.bytesRead - before
    before += length
    if (!gate.isOpen) return undefined
    const fault = passedDescriptorFault(handle) ?? meter.take(new Uint8Array(chunk, 0, length))
    if (fault !== undefined) return close(fault)
    try {
      return read.call(handle, chunk)
    } catch {
      return close('a message that cannot be read')
    }
  }
}

/** Why: a plugin has nothing to pass; each descriptor taken would be one fewer for the agent. */
function passedDescriptorFault(handle: ChannelHandle): string | undefined {
  const passed = handle.pendingHandle
  if (passed === undefined || passed === null) return undefined
  passed.close()
  handle.pendingHandle = null
  return 'a passed descriptor'
}

/**
 * Lets through only the acknowledgement of a descriptor the agent has sent.
 *
 * Why: a plugin can send `{ cmd: 'NODE_HANDLE_ACK' }` like any message; unasked, Node's own listener throws on it.
 */
function guardProtocol(child: ChildProcess, close: (why: string) => void): void {
  const [listener, ...others] = child.listeners('internalMessage')
  if (listener === undefined || others.length > 0) {
    throw new CodedError(
      'ERR_SANDBOX_UNAVAILABLE',
      'the message protocol of this Node cannot be guarded',
    )
  }
  child.removeAllListeners('internalMessage')
  child.on('internalMessage', (message: { cmd?: unknown }, passed?: { close(): void }) => {
    const isAnswer = message.cmd === 'NODE_HANDLE_ACK' || message.cmd === 'NODE_HANDLE_NACK'
    if (isAnswer && Array.isArray((child as ChannelOwner)._handleQueue)) {
      return listener.call(child, message, passed)
    }
    passed?.close()
    close('a forged message of the channel itself')
  })
}
