// SPDX-License-Identifier: Apache-2.0
/** What a hub is told when it starts: arguments, then the environment, then defaults. */
import { CodedError } from '@sallyport/sdk'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseTrustedProxies } from './abuse/source.ts'
import { readLimits } from './limits-file.ts'
import { PROFILES, type HubLimits, type Profile } from './limits.ts'
import { LOG_LEVELS, type LogLevel } from './log.ts'
import { splitPostgresUrl } from './stores/postgres-url.ts'
import type { TlsFiles } from './tls/tls-files.ts'

/** How a hub is started. */
export interface HubConfig {
  /** Directory of the database; created when it is missing. Not used when the database is elsewhere. */
  readonly dataDir: string
  /** Address of a PostgreSQL database, which other hubs may share. */
  readonly database?: string | undefined
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Site files, read at the start. */
  readonly siteFiles: readonly string[]
  /** Addresses at which others reach this hub, besides the one it listens on. */
  readonly publicUrls: readonly string[]
  readonly logLevel: LogLevel
  /** Files with which the hub ends TLS itself; without them it speaks plain HTTP. */
  readonly tls?: TlsFiles | undefined
  /** Port of the metrics, on loopback; 0 takes any free one. Without it there are none. */
  readonly metricsPort?: number | undefined
  /** Bounds that differ from those of the profile homelab. */
  readonly limits?: HubLimits
  /** Networks whose word counts for who is behind them. */
  readonly trustedProxies?: readonly string[]
  /** Address of a Redis that remembers what was used once, for several hubs. */
  readonly redis?: string | undefined
  /** Whether access tokens are MACs of HS512 in place of signatures of ES256. */
  readonly legacyHs512?: boolean
}

/** How the program is called. */
export const USAGE =
  'usage: main [--home <dir>] [--data-dir <dir> | --database <url>] [--host 127.0.0.1] [--port 8420] ' +
  '[--site <file>]... [--public-url <url>]... [--tls-cert <file> --tls-key <file>] ' +
  '[--metrics-port <port>] [--log-level info] ' +
  '[--profile homelab|msp] [--limits <file>] [--trusted-proxy <network>]... ' +
  '[--redis <url>] [--legacy-hs512]'

const OPTIONS = {
  home: { type: 'string' },
  'data-dir': { type: 'string' },
  database: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8420' },
  site: { type: 'string', multiple: true },
  'public-url': { type: 'string', multiple: true },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'metrics-port': { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
  profile: { type: 'string', default: 'homelab' },
  limits: { type: 'string' },
  'trusted-proxy': { type: 'string', multiple: true },
  redis: { type: 'string' },
  'legacy-hs512': { type: 'boolean', default: false },
} as const

/** Reads arguments and environment. Throws: ERR_USAGE. */
export function parseConfig(argv: readonly string[], env: NodeJS.ProcessEnv): HubConfig {
  const values = parseValues(argv)
  const { 'metrics-port': metricsPort } = values
  const home = resolve(values.home ?? env['SALLYPORT_HOME'] ?? join(homedir(), '.sallyport'))
  return {
    dataDir: resolve(values['data-dir'] ?? join(home, 'hub')),
    database: parseDatabase(values.database ?? env['SALLYPORT_HUB_DATABASE']),
    host: values.host,
    port: parsePort(values.port, '--port'),
    siteFiles: values.site ?? defaultSite(home),
    publicUrls: values['public-url'] ?? [],
    logLevel: parseLevel(values['log-level']),
    tls: tlsFiles(values['tls-cert'], values['tls-key']),
    metricsPort: metricsPort === undefined ? undefined : parsePort(metricsPort, '--metrics-port'),
    limits: readLimits(parseProfile(values.profile), values.limits),
    trustedProxies: parseNetworks(values['trusted-proxy'] ?? []),
    redis: parseRedis(values.redis ?? env['SALLYPORT_HUB_REDIS']),
    legacyHs512: values['legacy-hs512'],
  }
}

function parseValues(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values
  } catch (cause) {
    throw new CodedError('ERR_USAGE', USAGE, { cause })
  }
}

function parseDatabase(url: string | undefined): string | undefined {
  if (url !== undefined) splitPostgresUrl(url)
  return url
}

/** Why the address is not in the message: it may hold a password. */
function parseRedis(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text)
  if (text === undefined || url?.protocol === 'redis:' || url?.protocol === 'rediss:') return text
  throw new CodedError(
    'ERR_USAGE',
    '--redis must be redis://<host>:<port> or rediss://<host>:<port>',
  )
}

function tlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert: resolve(cert), key: resolve(key) }
  throw new CodedError('ERR_USAGE', '--tls-cert and --tls-key are given together')
}

function parsePort(text: string, flag: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Infinity
  if (port <= 65_535) return port
  throw new CodedError('ERR_USAGE', `${flag} must be a number from 0 to 65535`)
}

function parseLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text)
  if (level !== undefined) return level
  throw new CodedError('ERR_USAGE', `--log-level must be one of ${LOG_LEVELS.join(', ')}`)
}

function parseProfile(text: string): Profile {
  const profile = PROFILES.find((candidate) => candidate === text)
  if (profile !== undefined) return profile
  throw new CodedError('ERR_USAGE', `--profile must be one of ${PROFILES.join(', ')}`)
}

/** Why here: a network that cannot be read stops the hub before anything is opened. */
function parseNetworks(networks: readonly string[]): readonly string[] {
  parseTrustedProxies(networks)
  return networks
}

/** The operator's own site, when operator and hub share a home. */
function defaultSite(home: string): string[] {
  const file = join(home, 'operator', 'site.json')
  return existsSync(file) ? [file] : []
}
