// SPDX-License-Identifier: Apache-2.0
/** Certificates for tests: an authority of our own, leaves it vouches for, and leaves it does not. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate and its key as PEM. */
export interface Leaf {
  readonly cert: string
  readonly key: string
  /** SHA-256 as 64 hexadecimal digits. */
  readonly fingerprint: string
}

/** An authority that makes leaves. */
export interface Authority {
  readonly ca: string
  /** A leaf for names such as `DNS:localhost,IP:127.0.0.1`; `days` below zero: expired. */
  leaf(names: string, days?: number): Leaf
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
let count = 0

/** Makes an authority in a folder. */
export function makeAuthority(folder: string): Authority {
  const base = join(folder, `ca${++count}`)
  openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', `${base}.key`, '-out', `${base}.pem`],
    ...['-days', '30', '-subj', `/CN=authority ${count}`],
  )
  return {
    ca: readFileSync(`${base}.pem`, 'utf8'),
    leaf: (names, days = 30) => makeLeaf(base, { names, days }),
  }
}

function makeLeaf(base: string, { names, days }: { names: string; days: number }): Leaf {
  const path = `${base}-leaf${++count}`
  writeFileSync(`${path}.ext`, `subjectAltName=${names}\n`)
  openssl(
    ...['req', '-new', ...NEW_KEY, '-keyout', `${path}.key`, '-out', `${path}.csr`],
    ...['-subj', '/CN=leaf'],
  )
  openssl(
    ...['x509', '-req', '-in', `${path}.csr`, '-CA', `${base}.pem`, '-CAkey', `${base}.key`],
    ...['-CAcreateserial', '-out', `${path}.pem`, '-extfile', `${path}.ext`],
    ...['-days', String(days)],
  )
  const cert = readFileSync(`${path}.pem`, 'utf8')
  return {
    cert,
    key: readFileSync(`${path}.key`, 'utf8'),
    fingerprint: new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}
