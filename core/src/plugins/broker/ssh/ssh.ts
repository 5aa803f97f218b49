// SPDX-License-Identifier: Apache-2.0
/** Permission kind `ssh`: an SSH client in the plugin, the host's key pinned and the operator's key held by the agent. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Socket } from 'node:net'
import { CodedError } from '@sallyport/sdk'
import type { SshBinding } from '../../bindings/binding.ts'
import { bytesArgument, textArgument } from '../arguments.ts'
import type { BrokerKind, HandleSetting, OpenHandle } from '../contract.ts'
import { Connections } from '../relay/connections.ts'
import { HostWatch } from './host-watch.ts'
import { SshProofs } from './proofs.ts'
import { parseSshPublicKey, sshPublicKeyOf } from './public-key.ts'
import { parseSignRequest } from './sign-request.ts'
import { algorithmsOf, makeSshSignature } from './signature.ts'

const MAX_REQUEST_BYTES = 35_000

/** Lets plugins log in by SSH. */
export const ssh: BrokerKind<'ssh'> = {
  methods: ['open', 'identity', 'sign'],

  open({ binding: name }, setting): OpenHandle {
    const account = new SshAccount(name, setting)
    return {
      open: async (_, ended) => ({ value: undefined, socket: await account.connect(ended) }),
      identity: async () => ({ value: account.identity() }),
      sign: async (args) => {
        const data = bytesArgument(args, 0, 'data', MAX_REQUEST_BYTES)
        return { value: account.sign(data, textArgument(args, 1, 'algorithm', 64)) }
      },
    }
  },

  target: ({ binding }) => binding,

  suggest: () => "ssh('name')",
}

/** One bound account, as one run may use it. */
class SshAccount {
  readonly #name: string
  readonly #setting: HandleSetting
  readonly #connections: Connections
  readonly #proofs = new SshProofs()
  #hasMetOtherHost = false

  constructor(name: string, setting: HandleSetting) {
    this.#name = name
    this.#setting = setting
    this.#connections = new Connections(setting)
  }

  /** Throws: ERR_CONNECT_FAILED also when another host has answered in this run, so that the audit log says so. */
  async connect(ended: AbortSignal): Promise<Socket> {
    if (this.#hasMetOtherHost) {
      const message = `the host bound to "${this.#name}" has another key than the one that is bound`
      throw new CodedError('ERR_CONNECT_FAILED', message)
    }
    const { host, port, hostKeys } = this.#binding()
    const pinned = new Set(hostKeys)
    let forget = (): void => undefined
    const watch = new HostWatch({
      isPinned: (key) => pinned.has(Buffer.from(key).toString('base64')),
      onReply: (reply) => (forget = this.#proofs.add(reply)),
      onOtherHost: () => (this.#hasMetOtherHost = true),
    })
    const target = { name: this.#name, address: { host, port }, watch, onClosed: () => forget() }
    return this.#connections.open(target, ended)
  }

  identity(): { user: string; publicKey: Uint8Array } {
    const binding = this.#binding()
    return { user: binding.user, publicKey: new Uint8Array(publicKeyOf(keyOf(binding))) }
  }

  /**
   * Signs a request to log in.
   *
   * Trust: only for this user, this key and a session that the bound host itself has vouched for in this run; whatever
   * else is signed with the key could be used elsewhere.
   * Throws: ERR_HANDLE_DENIED.
   */
  sign(data: Uint8Array, algorithm: string): Uint8Array {
    const binding = this.#binding()
    const key = keyOf(binding)
    const publicKey = publicKeyOf(key)
    const request = parseSignRequest(data)
    if (request === undefined) throw denied('only a request to log in with a key is signed')
    if (request.user !== binding.user) throw denied('the request is for another user')
    if (!publicKey.equals(request.publicKey)) throw denied('the request is for another key')
    if (request.algorithm !== algorithm) throw denied('the request is for another algorithm')
    const known = algorithmsOf(parseSshPublicKey(publicKey)!.type)
    if (!known.includes(algorithm)) throw denied(`the key signs with ${known.join(' or ')} only`)
    if (!this.#proofs.use(request.sessionId)) {
      throw denied(`the request is not for an open connection to "${this.#name}" of this run`)
    }
    return new Uint8Array(makeSshSignature(key, algorithm, data))
  }

  #binding(): SshBinding {
    return this.#setting.binding(this.#name, 'ssh')
  }
}

function keyOf({ privateKey }: SshBinding): KeyObject {
  return createPrivateKey(privateKey.reveal())
}

/** Throws: ERR_BINDING_FORM when SSH has no such kind of key. */
function publicKeyOf(key: KeyObject): Buffer {
  const blob = sshPublicKeyOf(createPublicKey(key))
  if (blob !== undefined) return Buffer.from(blob)
  throw new CodedError('ERR_BINDING_FORM', 'the bound key is of a kind that SSH does not know')
}

function denied(message: string): CodedError {
  return new CodedError('ERR_HANDLE_DENIED', message)
}
