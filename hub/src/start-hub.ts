// SPDX-License-Identifier: Apache-2.0
/** Starts a hub: data, sites, routes, then the socket. */
import { openStateDirectory } from '@sallyport/core/stores'
import { Clock, type Container } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { HubConfig } from './config.ts'
import { addAgents } from './http/agents.ts'
import { addAudit } from './http/audit.ts'
import { makeAuthenticate } from './http/authenticate.ts'
import { addBundles } from './http/bundles.ts'
import { addEpochs } from './http/epochs.ts'
import { addEnrolments } from './http/enrolments.ts'
import { addEnvelopes } from './http/envelopes.ts'
import { addHealth } from './http/health.ts'
import { addLimits } from './http/limits.ts'
import { addMailbox } from './http/mailbox.ts'
import { addPostings } from './http/postings.ts'
import { LEGACY_TOKENS, databasePart, diskPart, redisPart } from './http/ready-parts.ts'
import { addReady } from './http/ready.ts'
import { addSessions } from './http/sessions.ts'
import { addTrustRoots } from './http/trust-roots.ts'
import { HUB_LIMITS, type HubLimits } from './limits.ts'
import { Log } from './log.ts'
import { countRequests } from './metrics/count-requests.ts'
import { readHub } from './metrics/read-hub.ts'
import { readProcess } from './metrics/read-process.ts'
import { serveMetrics } from './metrics/serve-metrics.ts'
import type { WakeUps } from './queue/wake-ups.ts'
import { makeHubAddresses } from './sessions/addresses.ts'
import { registerSites, type RegisteredSite } from './sites/register-sites.ts'
import type { TlsServer } from './tls/tls-keeper.ts'
import type { StorePlace } from './stores/open-store.ts'
import { readVersion } from './version.ts'
import { parts, wireHub } from './wiring.ts'

/** A hub that answers. Disposing it ends held requests with nothing and waits for the others, for `drainMs` at most. */
export interface RunningHub extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string
  /** Where its metrics are; undefined where none were asked for. */
  readonly metricsUrl: string | undefined
  /** Looks at once whether the files of certificate and key changed. */
  reload(): Promise<void>
}

/**
 * Starts a hub.
 *
 * Throws: ERR_STATE_LOCKED when another one works in the directory, ERR_STATE_MODE, ERR_STATE_DIRECTORY,
 * ERR_HUB_DATABASE, ERR_SITE_FILE, ERR_ROOT_REFUSED, ERR_ROOT_CONFLICT, ERR_OPERATOR_KEY, ERR_NO_SITE, ERR_PUBLIC_URL,
 * ERR_HUB_ADDRESS, ERR_PORT_TAKEN, ERR_TLS_FILES.
 */
export async function startHub(
  config: HubConfig,
  options: { readonly clock?: Clock; readonly limits?: Partial<HubLimits> } = {},
): Promise<RunningHub> {
  // Before anything is opened: a hub nobody could prove themselves to must not listen.
  makeHubAddresses(urlOf(config, config.port), config.publicUrls)
  await using scope = new AsyncDisposableStack()
  const { place, folder } = placeOf(config, scope)
  const limits = { ...HUB_LIMITS, ...config.limits, ...options.limits }
  const { logLevel, tls, redis, legacyHs512 = false, trustedProxies = [] } = config
  const algorithm = legacyHs512 ? 'HS512' : 'ES256'
  const container = await wireHub(
    { place, logLevel, clock: options.clock, limits, tls, trustedProxies, redis, algorithm },
    scope,
  )
  const nowMs = container.resolve(Clock).now()
  const sites = await registerSites(container.resolve(parts.sites), config.siteFiles, nowMs)
  const app = container.resolve(parts.app)
  scope.use(watchParts(container, folder))
  watchSessions(container, legacyHs512)
  keepTls(container, scope)
  const metricsUrl = await addMetrics(container, config.metricsPort, scope)
  scope.defer(() => close(app, container.resolve(parts.wakeUps), limits.drainMs))
  scope.use(container.resolve(parts.retention).keep())
  addRoutes(container)
  const url = await listen(app, config)
  container.resolve(parts.addresses).settle(makeHubAddresses(url, config.publicUrls))
  tell(container.resolve(Log), url, sites)
  for (const siteId of await container.resolve(parts.epochs).waiting()) {
    container.resolve(Log).warn({ siteId }, 'epoch.unconfirmed')
  }
  const kept = scope.move()
  const reload = async () => container.resolve(parts.tls)?.look()
  return { url, metricsUrl, reload, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The database that is named, or a file in a folder that this hub alone works in. */
function placeOf(
  { database, dataDir }: HubConfig,
  scope: AsyncDisposableStack,
): { place: StorePlace; folder?: string } {
  if (database !== undefined) return { place: { url: database } }
  const directory = scope.use(openStateDirectory(dataDir))
  return { place: { file: directory.file('hub.db') }, folder: directory.path }
}

function tell(log: Log, url: string, sites: readonly RegisteredSite[]): void {
  for (const { siteId, isAhead } of sites) if (isAhead) log.warn({ siteId }, 'root.missing')
  log.info({ url, sites: sites.map(({ siteId }) => siteId) }, 'hub.started')
}

function watchParts(container: Container, folder: string | undefined): Disposable {
  const readiness = container.resolve(parts.readiness)
  readiness.add(databasePart(container.resolve(parts.db)))
  if (folder !== undefined) readiness.add(diskPart(folder))
  return readiness.watch()
}

/** Tells of what makes sessions slower or weaker than they could be. */
function watchSessions(container: Container, legacyHs512: boolean): void {
  const readiness = container.resolve(parts.readiness)
  const redis = container.resolve(parts.redis)
  if (redis !== undefined) readiness.add(redisPart(redis))
  if (!legacyHs512) return
  readiness.add(LEGACY_TOKENS)
  const why = 'whoever can verify a token of HS512 can also make one; ES256 has no such weakness'
  container.resolve(Log).warn({ why }, 'tokens.hs512')
}

/** Takes new certificates while the hub runs. */
function keepTls(container: Container, scope: AsyncDisposableStack): void {
  const tls = container.resolve(parts.tls)
  if (tls === undefined) return
  container.resolve(parts.readiness).add(tls.part)
  scope.use(tls.keep(container.resolve(parts.app).server as unknown as TlsServer))
}

/** Counts from the first request on; serves the counts where a port was given. */
async function addMetrics(
  container: Container,
  port: number | undefined,
  scope: AsyncDisposableStack,
): Promise<string | undefined> {
  const metrics = container.resolve(parts.metrics)
  const app = container.resolve(parts.app)
  countRequests(app, metrics)
  if (port === undefined) return undefined
  readHub(metrics, {
    app,
    db: container.resolve(parts.db),
    wakeUps: container.resolve(parts.wakeUps),
    readiness: container.resolve(parts.readiness),
    limitCounts: container.resolve(parts.limitCounts),
    tls: container.resolve(parts.tls),
  })
  scope.use(readProcess(metrics))
  return scope.use(await serveMetrics(port, { metrics, log: container.resolve(Log) })).url
}

function addRoutes(container: Container): void {
  const all = {
    clock: container.resolve(Clock),
    log: container.resolve(Log),
    limits: container.resolve(parts.limits),
    db: container.resolve(parts.db),
    agents: container.resolve(parts.agents),
    sites: container.resolve(parts.sites),
    wakeUps: container.resolve(parts.wakeUps),
    postings: container.resolve(parts.postings),
    witness: container.resolve(parts.witness),
    segments: container.resolve(parts.segments),
    bundles: container.resolve(parts.bundles),
    once: container.resolve(parts.once),
    sessions: container.resolve(parts.sessions),
    enrolments: container.resolve(parts.enrolments),
    lives: container.resolve(parts.lives),
    epochs: container.resolve(parts.epochs),
    mailbox: container.resolve(parts.mailbox),
    outgoing: container.resolve(parts.outgoing),
    readiness: container.resolve(parts.readiness),
    limitStore: container.resolve(parts.limitStore),
    quarantines: container.resolve(parts.quarantines),
    version: readVersion(),
  }
  const host = {
    app: container.resolve(parts.app),
    authenticate: makeAuthenticate(all),
    epochs: all.epochs,
    guard: container.resolve(parts.guard),
    traffic: container.resolve(parts.traffic),
    limits: all.limits,
  }
  addHealth(host, all)
  addReady(host, all)
  addSessions(host, all)
  addEnrolments(host, all)
  addAgents(host, all)
  addBundles(host, all)
  addEnvelopes(host, all)
  addLimits(host, all)
  addMailbox(host, all)
  addTrustRoots(host, all)
  addEpochs(host, all)
  addPostings(host, all)
  addAudit(host, all)
}

async function listen(app: FastifyInstance, config: HubConfig): Promise<string> {
  const { host, port } = config
  await app.listen({ host, port }).catch((cause: unknown) => {
    if (!isCodedError(cause) || cause.code !== 'EADDRINUSE') throw cause
    const message = `another program listens on ${urlOf(config, port)}; stop it, or choose another --port`
    throw new CodedError('ERR_PORT_TAKEN', message, { cause })
  })
  const address = app.server.address() as AddressInfo
  return urlOf(config, address.port)
}

function urlOf({ host, tls }: HubConfig, port: number): string {
  const scheme = tls === undefined ? 'http' : 'https'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function close(app: FastifyInstance, wakeUps: WakeUps, drainMs: number): Promise<void> {
  wakeUps.drain()
  const timer = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await app.close()
  clearTimeout(timer)
}
