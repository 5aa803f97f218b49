// SPDX-License-Identifier: Apache-2.0
/** The flags of `hub start`, in the groups in which its help shows them, and how the hub is told of them. */
import { boolean, integer, string } from '@oclif/core/flags'

const PORTS = { min: 0, max: 65_535, helpValue: '<port>' }
const MANY = { multiple: true, multipleNonGreedy: true } as const

const address = {
  host: string({
    helpGroup: 'ADDRESS',
    helpValue: '<address>',
    summary: 'Address it listens on; else 127.0.0.1',
  }),
  port: integer({
    ...PORTS,
    helpGroup: 'ADDRESS',
    summary: 'Port it listens on; else 8420',
  }),
  'public-url': string({
    ...MANY,
    helpGroup: 'ADDRESS',
    helpValue: '<url>',
    summary: 'Address at which others reach it, when that is another',
  }),
  'trusted-proxy': string({
    ...MANY,
    helpGroup: 'ADDRESS',
    helpValue: '<network>',
    summary: 'Reverse proxy that may say who is behind it, as 10.0.0.2/32',
  }),
}

const tls = {
  'tls-cert': string({
    helpGroup: 'TLS',
    helpValue: '<file>',
    dependsOn: ['tls-key'],
    summary: 'Certificate and chain (PEM) for TLS in the hub itself; new ones are taken as it runs',
  }),
  'tls-key': string({
    helpGroup: 'TLS',
    helpValue: '<file>',
    dependsOn: ['tls-cert'],
    summary: 'Key of the certificate (PEM), without a passphrase',
  }),
}

const store = {
  'data-dir': string({
    helpGroup: 'STORE',
    helpValue: '<folder>',
    summary: 'Where its database is; else hub/ of the home',
  }),
  database: string({
    helpGroup: 'STORE',
    helpValue: '<url>',
    env: 'SALLYPORT_HUB_DATABASE',
    summary: 'PostgreSQL in place of a file, which several hubs may share',
  }),
  redis: string({
    helpGroup: 'STORE',
    helpValue: '<url>',
    env: 'SALLYPORT_HUB_REDIS',
    summary: 'Redis for what counts once, which several hubs may share; else the database',
  }),
}

const limit = {
  profile: string({
    helpGroup: 'LIMIT',
    options: ['homelab', 'msp'],
    summary: 'Whose usual limits it has; else homelab',
  }),
  limits: string({
    helpGroup: 'LIMIT',
    helpValue: '<file>',
    summary: 'JSON file with the limits that shall differ, by name',
  }),
}

const monitoring = {
  'metrics-port': integer({
    ...PORTS,
    helpGroup: 'MONITORING',
    summary: 'Port of its metrics for Prometheus, on loopback; none without it',
  }),
  'log-level': string({
    helpGroup: 'MONITORING',
    options: ['debug', 'info', 'warn', 'error', 'silent'],
    summary: 'How much it logs; else info',
  }),
}

/** What a hub is started with. */
export const hubStartFlags = {
  site: string({
    ...MANY,
    helpValue: '<file>',
    summary: 'Site it serves; else operator/site.json of the home',
  }),
  ...address,
  ...tls,
  ...store,
  'legacy-hs512': boolean({
    summary: 'Access tokens of HS512 in place of ES256; weaker: whoever verifies one can make one',
  }),
  ...limit,
  ...monitoring,
}

type Given = string | number | boolean | readonly string[] | undefined

/** Flags as arguments of the hub's own program, which has them under the same names. */
export function hubArguments(given: Readonly<Record<string, Given>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : []
    return [value ?? []].flat().flatMap((each) => [`--${name}`, String(each)])
  })
}
