// SPDX-License-Identifier: Apache-2.0
/** Lets the SSH client of the package `ssh2` log in with a key that the plugin never sees. */
import type { SshAccess } from './handles.ts'

/** What answers come back by, as `ssh2` has it. */
type Callback<T> = (error: Error | null | undefined, value?: T) => void

/** What `ssh2` says about a signature it wants; `hash` is there for RSA keys. */
interface SignOptions {
  readonly hash?: string
}

/** The class `BaseAgent` of `ssh2`, which its client insists on. */
type BaseClass = abstract new () => object

/** An object for the option `agent` of an `ssh2` client. */
export interface SshAgent {
  getIdentities(callback: Callback<Uint8Array[]>): void
  sign(
    publicKey: unknown,
    data: Uint8Array,
    options: SignOptions | Callback<Uint8Array>,
    callback?: Callback<Uint8Array>,
  ): void
}

/**
 * Makes the option `agent` of an `ssh2` client from an `ssh` handle. The class comes from the author's own `ssh2`, so
 * that this package depends on nothing; so does the connection: pass the socket of `open` as the option `sock`.
 *
 * @example
 * import ssh2 from 'ssh2'
 *
 * const client = new ssh2.Client()
 * const { user } = await use.nas.identity()
 * client.connect({
 *   sock: await use.nas.open(),
 *   username: user,
 *   agent: sshAgent(use.nas, ssh2.BaseAgent),
 * })
 */
export function sshAgent<Base extends BaseClass>(
  access: SshAccess,
  base: Base,
): InstanceType<Base> & SshAgent {
  let known: ReturnType<SshAccess['identity']> | undefined
  const publicKeyOf = async (): Promise<Uint8Array> =>
    (await (known ??= access.identity())).publicKey
  class HandleAgent extends (base as BaseClass) implements SshAgent {
    getIdentities(callback: Callback<Uint8Array[]>): void {
      settle(
        publicKeyOf().then((publicKey) => [bufferOf(publicKey)]),
        callback,
      )
    }

    sign(
      _publicKey: unknown,
      data: Uint8Array,
      options: SignOptions | Callback<Uint8Array>,
      callback?: Callback<Uint8Array>,
    ): void {
      const given = typeof options === 'function' ? {} : options
      const done = typeof options === 'function' ? options : callback
      const signature = publicKeyOf().then((publicKey) => {
        const algorithm = algorithmOf(publicKey, given)
        return access.sign(data, algorithm).then(withoutAlgorithm)
      })
      settle(signature, done ?? (() => undefined))
    }
  }
  return new HandleAgent() as InstanceType<Base> & SshAgent
}

/** Source: RFC 8332, section 3: the hash is part of the algorithm's name for RSA keys, and for no others. */
function algorithmOf(publicKey: Uint8Array, { hash }: SignOptions): string {
  const keyType = new TextDecoder().decode(firstString(publicKey))
  if (keyType !== 'ssh-rsa' || hash === undefined) return keyType
  return `rsa-sha2-${hash.replace('sha', '')}`
}

/** The signature alone: `ssh2` writes the name of the algorithm before it by itself. */
function withoutAlgorithm(signature: Uint8Array): Uint8Array {
  const name = firstString(signature)
  return bufferOf(firstString(signature.subarray(4 + name.length)))
}

/** Why: `ssh2` reads keys from Node's own kind of bytes only. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as unknown as {
    Buffer?: { from(bytes: Uint8Array): Uint8Array }
  }
  return Buffer === undefined ? bytes : Buffer.from(bytes)
}

/** Source: RFC 4251, section 5: a length of four bytes, then so many bytes. */
function firstString(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
  return bytes.subarray(4, 4 + length)
}

function settle<T>(promise: Promise<T>, callback: Callback<T>): void {
  promise.then(
    (value) => callback(null, value),
    (error: unknown) => callback(error as Error),
  )
}
