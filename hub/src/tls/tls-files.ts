// SPDX-License-Identifier: Apache-2.0
/** The certificate and the key with which a hub ends TLS itself, read from files and held against each other. */
import { CodedError } from '@sallyport/sdk'
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** Where the two are. */
export interface TlsFiles {
  /** PEM: the certificate of this hub first, then those between it and its authority. */
  readonly cert: string
  /** PEM, without a passphrase. */
  readonly key: string
}

/** A certificate and its key, fit to be used. */
export interface TlsIdentity {
  readonly cert: Buffer
  readonly key: Buffer
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Whether accounts of this machine beyond owner and group may read the key. */
  readonly isKeyOpen: boolean
}

const MAX_FILE_BYTES = 1_024 * 1_024
const OTHERS_READ = 0o004

/**
 * Reads both files and checks that they belong together.
 *
 * Throws: ERR_TLS_FILES with the reason; nothing of the key is in it.
 */
export async function readTlsFiles(files: TlsFiles): Promise<TlsIdentity> {
  const cert = await readPem(files.cert, 'certificate')
  const key = await readPem(files.key, 'key')
  const { leaf, secret } = parseBoth(cert.bytes, key.bytes)
  if (!leaf.checkPrivateKey(secret)) throw refuse('the key is not that of the certificate')
  tryContext(cert.bytes, key.bytes)
  return {
    cert: cert.bytes,
    key: key.bytes,
    fingerprint: leaf.fingerprint256,
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    isKeyOpen: (key.mode & OTHERS_READ) !== 0,
  }
}

async function readPem(path: string, what: string): Promise<{ bytes: Buffer; mode: number }> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { mode, size } = await file.stat()
    if (size > MAX_FILE_BYTES) throw new RangeError('it is larger than 1 MiB')
    return { bytes: await file.readFile(), mode }
  } catch (cause) {
    throw refuse(`the ${what} cannot be read from ${path}`, cause)
  } finally {
    await file?.close()
  }
}

function parseBoth(cert: Buffer, key: Buffer): { leaf: X509Certificate; secret: KeyObject } {
  const leaf = attempt('the certificate is no PEM certificate', () => new X509Certificate(cert))
  const secret = attempt('the key is no PEM key without a passphrase', () => createPrivateKey(key))
  return { leaf, secret }
}

/** Why: what comes after the first certificate is only read here. */
function tryContext(cert: Buffer, key: Buffer): void {
  attempt('the chain of certificates cannot be used', () => createSecureContext({ cert, key }))
}

function attempt<T>(why: string, make: () => T): T {
  try {
    return make()
  } catch {
    throw refuse(why)
  }
}

function refuse(why: string, cause?: unknown): CodedError<'ERR_TLS_FILES'> {
  return new CodedError('ERR_TLS_FILES', why, { cause })
}
