// SPDX-License-Identifier: Apache-2.0
/** Connects to a bound address. */
import { connect, type Socket } from 'node:net'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { SocketAddress } from '../../bindings/binding.ts'

/** Whom to reach and for how long to try. */
export interface Attempt {
  /** The name that the plugin knows. */
  readonly name: string
  readonly address: SocketAddress
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * A connected socket that stays half open when the other side ends.
 *
 * Throws: ERR_CONNECT_FAILED, and the reason of `signal`.
 * Why the error names the binding and not the address: the address is the operator's business.
 */
export function connectTo({ name, address, timeoutMs, signal }: Attempt): Promise<Socket> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = connect({ ...optionsOf(address), allowHalfOpen: true })
    const stop = (error: Error): void => {
      finish()
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => stop(signal.reason as Error)
    const onError = (error: unknown): void =>
      stop(failure(name, isCodedError(error) ? error.code : 'unknown', error))
    const timer = setTimeout(() => stop(failure(name, `no answer in ${timeoutMs} ms`)), timeoutMs)
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', onError) // It stays: an error without a listener would end this process.
    socket.once('connect', () => {
      finish()
      resolve(socket)
    })
  })
}

function optionsOf(
  address: SocketAddress,
): { path: string } | { host: string; port: number; noDelay: true } {
  if ('socketPath' in address) return { path: address.socketPath }
  return { host: address.host, port: address.port, noDelay: true }
}

function failure(name: string, why: string, cause?: unknown): CodedError {
  const message = `the service bound to "${name}" cannot be reached: ${why}`
  return new CodedError('ERR_CONNECT_FAILED', message, { cause })
}
