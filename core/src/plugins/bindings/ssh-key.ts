// SPDX-License-Identifier: Apache-2.0
/** Reads what an operator has when binding an SSH account: a private key file, and a line about the host's key. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { CodedError, Secret } from '@sallyport/sdk'
import { parseSshPublicKey, sshPublicKeyOf } from '../broker/ssh/public-key.ts'

const MAX_KEY_LENGTH = 65_536
const MAX_LINE_LENGTH = 16_384
const OPENSSH = '-----BEGIN OPENSSH PRIVATE KEY-----'

/** The part of `ssh2` that is used; the package brings no types. */
interface Ssh2 {
  readonly utils: {
    parseKey(text: string, passphrase?: string): PrivatePem | PrivatePem[] | Error
  }
}

interface PrivatePem {
  getPrivatePEM(): string | null
}

/** A private key as a binding holds it, with its public half. */
export interface ParsedSshKey {
  /** PEM, PKCS #8. */
  readonly privateKey: Secret
  /** In SSH wire format, base64: what `authorized_keys` holds after the kind of the key. */
  readonly publicKey: string
  /** The kind of the key, as `authorized_keys` names it. */
  readonly type: string
}

/** The key of a host. */
export interface ParsedHostKey {
  /** The hosts the line speaks of, as written; empty when the line is a public key alone. */
  readonly hosts: readonly string[]
  readonly type: string
  /** In SSH wire format, base64. */
  readonly publicKey: string
}

/**
 * Reads a private key: OpenSSH's own format, or PEM in PKCS #1, PKCS #8 or SEC 1. Ed25519, RSA and ECDSA keys.
 *
 * Trust: the text is the operator's own; no error holds any of it.
 * Throws: ERR_BINDING_FORM; `details.isPassphraseMissing` when the key is encrypted and no passphrase was given.
 */
export async function parseSshPrivateKey(text: string, passphrase?: string): Promise<ParsedSshKey> {
  if (text.length > MAX_KEY_LENGTH) throw formError('the file is too large for a private key')
  const key = readKey(text.trim(), passphrase)
  const blob = sshPublicKeyOf(createPublicKey(key))
  const type = blob && parseSshPublicKey(blob)?.type
  if (blob === undefined || type === undefined) {
    throw formError('the key is neither Ed25519 nor ECDSA nor RSA of 2048 bits or more')
  }
  const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString()
  return {
    privateKey: new Secret(pem),
    publicKey: Buffer.from(blob).toString('base64'),
    type,
  }
}

/**
 * Reads a line of `known_hosts` or of `ssh-keyscan`, or a public key as a host keeps it in `/etc/ssh`.
 *
 * Shape: the names of hosts, which are left out in a public key file, the kind of the key, the key, a remark. Blank
 * lines and remarks hold no key: undefined.
 * Throws: ERR_BINDING_FORM, also for keys that are marked as revoked or as a certificate authority's.
 * Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
 */
export function parseKnownHostLine(line: string): ParsedHostKey | undefined {
  if (line.length > MAX_LINE_LENGTH) throw formError('the line is too long for a host key')
  const words = line.split(/\s+/).filter((word) => word !== '')
  if (words.length === 0 || words[0]!.startsWith('#')) return undefined
  if (words[0]!.startsWith('@'))
    throw formError(`a line marked ${words[0]!.slice(0, 32)} is no host key`)
  const isBare = parsedKey(words[0], words[1]) !== undefined
  const [type, publicKey] = isBare ? words : words.slice(1)
  const parsed = parsedKey(type, publicKey)
  if (parsed === undefined) {
    throw formError('the line holds no Ed25519, ECDSA or RSA key')
  }
  return { hosts: isBare ? [] : words[0]!.split(','), type: parsed, publicKey: publicKey! }
}

function parsedKey(type: string | undefined, base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined
  const blob = Buffer.from(base64, 'base64')
  const isCanonical = blob.toString('base64') === base64
  const found = isCanonical ? parseSshPublicKey(blob)?.type : undefined
  return found === type ? found : undefined
}

function readKey(text: string, passphrase: string | undefined): KeyObject {
  const given = passphrase === undefined ? {} : { passphrase }
  const pem = text.startsWith(OPENSSH) ? pemOf(text, passphrase) : text
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...given })
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(pem)
    if (isEncrypted && passphrase === undefined) throw passphraseMissing()
    const why = isEncrypted ? 'the passphrase is wrong or the key damaged' : 'it is no private key'
    throw formError(why, cause)
  }
}

/** From OpenSSH's format to PEM. Why loaded here: few processes ever need it. */
function pemOf(text: string, passphrase: string | undefined): string {
  const { utils } = createRequire(import.meta.url)('ssh2') as Ssh2
  const parsed = utils.parseKey(text, passphrase)
  const [key] = [parsed].flat()
  if (key === undefined || key instanceof Error || key.getPrivatePEM() === null) {
    const why = key instanceof Error ? key.message : ''
    if (/no passphrase/.test(why)) throw passphraseMissing()
    throw formError('the passphrase is wrong or the key damaged')
  }
  return key.getPrivatePEM()!
}

function passphraseMissing(): CodedError {
  const message = 'the private key is encrypted; its passphrase is needed'
  return new CodedError('ERR_BINDING_FORM', message, { details: { isPassphraseMissing: true } })
}

function formError(message: string, cause?: unknown): CodedError {
  return new CodedError('ERR_BINDING_FORM', message, { cause })
}
