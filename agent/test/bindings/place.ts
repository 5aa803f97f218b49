// SPDX-License-Identifier: Apache-2.0
/** A state directory with keys and an agent file, as far as bindings need it, and bindings of every kind. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Binding } from '@sallyport/core/plugins'
import { Secret } from '@sallyport/sdk'
import { writeAgentFile } from '../../src/agent-file.ts'
import { openOrCreateVault } from '../../src/vault.ts'

/** What must never be seen outside the sealed file. */
export const CANARY = 'canary-5f3a9c'

/** A state directory that goes away with its scope. */
export interface Place extends Disposable {
  readonly stateDir: string
}

/** Makes one. */
export function makePlace(): Place {
  const stateDir = mkdtempSync(join(tmpdir(), 'sallyport-bindings-'))
  openOrCreateVault('agent', { stateDir })
  writeAgentFile(stateDir, {
    format: 'sallyport-agent-2',
    hub: 'http://127.0.0.1:1',
    rootFingerprint: 'AAAA',
    enrolment: 'AAAA',
  })
  return { stateDir, [Symbol.dispose]: () => rmSync(stateDir, { recursive: true, force: true }) }
}

const { privateKey } = generateKeyPairSync('ed25519')
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** One binding of each kind, with a secret wherever there is room for one. */
export const SAMPLES: Readonly<Record<string, Binding>> = {
  pve: {
    kind: 'endpoint',
    url: 'https://pve1:8006/api2/json',
    pin: { by: 'fingerprint', sha256: 'ab'.repeat(32) },
    headers: { Authorization: new Secret(`PVEAPIToken=${CANARY}`) },
  },
  docker: {
    kind: 'endpoint',
    url: 'http://localhost/v1.44',
    socketPath: '/run/docker.sock',
    pin: { by: 'none' },
    headers: {},
  },
  mqtt: { kind: 'connect', address: { host: '10.0.0.5', port: 1_883 } },
  database: { kind: 'connect', address: { socketPath: '/run/db.sock' } },
  nas: {
    kind: 'ssh',
    host: 'nas.lan',
    port: 22,
    user: 'backup',
    hostKeys: [Buffer.alloc(51, 3).toString('base64')],
    privateKey: new Secret(pem),
  },
  token: { kind: 'secret', value: new Secret(CANARY) },
}

/** The lines of the private key, which must never be seen either. */
export const KEY_LINE = pem.split('\n')[1]!
