// SPDX-License-Identifier: Apache-2.0
/** The messages of a key exchange that show which host it is made with. Sources: RFC 4253 sections 7 and 8, RFC 4419, RFC 5656. */
import { WireReader, wireByte, wireString, wireUint32 } from './wire.ts'

/** Numbers of messages. Source: RFC 4250, section 4.1.2; RFC 4419, section 5; RFC 5656, section 7.1. */
export const MESSAGE = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  keyExchangeInit: 20,
  newKeys: 21,
  /** The reply of most methods; of those that agree on a group first, the group. */
  replyOrGroup: 31,
  groupReply: 33,
} as const

/** Source: RFC 4253, section 11.1. */
const HOST_KEY_NOT_VERIFIABLE = 9
const PROTOCOL_ERROR = 2

/** Methods whose only message from the host is the reply. Why none with SHA-1: what it says can be forged. */
const PLAIN_METHODS: ReadonlySet<string> = new Set([
  'mlkem768x25519-sha256',
  'sntrup761x25519-sha512',
  'sntrup761x25519-sha512@openssh.com',
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group15-sha512',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group17-sha512',
  'diffie-hellman-group18-sha512',
])

const GROUP_METHODS: ReadonlySet<string> = new Set(['diffie-hellman-group-exchange-sha256'])

/** What one side offers. */
export interface KeyExchangeInit {
  readonly methods: readonly string[]
  /** Whether a message of a guessed method follows at once. */
  readonly guesses: boolean
}

/** What a host says about itself in its reply. */
export interface KeyExchangeReply {
  /** In SSH wire format. */
  readonly hostKey: Uint8Array
  /** Over the exchange hash, in SSH wire format. */
  readonly signature: Uint8Array
}

/** Reads the first message of a key exchange; undefined unless it has exactly that form. */
export function parseKeyExchangeInit(payload: Uint8Array): KeyExchangeInit | undefined {
  const reader = new WireReader(payload)
  const type = reader.byte()
  reader.bytes(16) // The cookie.
  const methods = reader.names()
  for (let list = 0; list < 9; list += 1) reader.names()
  const guesses = reader.boolean()
  reader.uint32() // Reserved.
  return type === MESSAGE.keyExchangeInit && reader.isDone ? { methods, guesses } : undefined
}

/** Reads the reply of the host, whatever the method: its key, its half of the secret, its signature. */
export function parseKeyExchangeReply(payload: Uint8Array): KeyExchangeReply | undefined {
  const reader = new WireReader(payload)
  reader.byte()
  const hostKey = reader.string()
  reader.string()
  const signature = reader.string()
  return reader.isDone ? { hostKey, signature } : undefined
}

/**
 * The numbers of the messages that a host sends in the method both sides agree on, the reply last; undefined when they
 * agree on none that is known.
 *
 * Source: RFC 4253, section 7.1: the first method of the client's that the host offers, too.
 */
export function messagesOfExchange(
  client: KeyExchangeInit,
  host: KeyExchangeInit,
): number[] | undefined {
  const agreed = client.methods.find((method) => host.methods.includes(method)) ?? ''
  if (PLAIN_METHODS.has(agreed)) return [MESSAGE.replyOrGroup]
  return GROUP_METHODS.has(agreed) ? [MESSAGE.replyOrGroup, MESSAGE.groupReply] : undefined
}

/** A packet that tells an SSH client why it is cut off, before anything is encrypted. Source: RFC 4253, section 11.1. */
export function disconnectPacket(why: 'host-key' | 'protocol', text: string): Uint8Array {
  const reason = why === 'host-key' ? HOST_KEY_NOT_VERIFIABLE : PROTOCOL_ERROR
  const payload = Buffer.concat([
    wireByte(MESSAGE.disconnect),
    wireUint32(reason),
    wireString(text),
    wireString(''),
  ])
  return packetOf(payload)
}

/** Source: RFC 4253, section 6: 4 bytes of padding or more, all of it a multiple of 8. */
function packetOf(payload: Uint8Array): Uint8Array {
  const paddingLength = 4 + ((8 - ((9 + payload.length) % 8)) % 8)
  const length = wireUint32(1 + payload.length + paddingLength)
  return Buffer.concat([length, wireByte(paddingLength), payload, Buffer.alloc(paddingLength)])
}
