// SPDX-License-Identifier: Apache-2.0
/** What the hub is made of: one line a part, read from top to bottom. */
import type { AccessTokenAlgorithm } from '@sallyport/core/crypto'
import {
  Clock,
  makeContainer,
  once,
  systemClock,
  token,
  type Container,
} from '@sallyport/core/wiring'
import type { FastifyInstance } from 'fastify'
import { randomBytes } from 'node:crypto'
import { Guard } from './abuse/guard.ts'
import { LimitCounts } from './abuse/limit-counts.ts'
import { Quarantines } from './abuse/quarantines.ts'
import { parseTrustedProxies, type TrustedProxies } from './abuse/source.ts'
import { makeStepLog } from './abuse/step-log.ts'
import { memoryTallies, sharedTallies, type OpenTallies } from './abuse/tallies.ts'
import { Traffic } from './abuse/traffic.ts'
import { Lives } from './agents/lives.ts'
import { Epochs } from './backup/epochs.ts'
import { Enrolments } from './enrolments/enrolments.ts'
import { makeApp } from './http/app.ts'
import { Readiness } from './http/ready.ts'
import type { HubLimits } from './limits.ts'
import { Log, openLog, type LogLevel } from './log.ts'
import { countStatements } from './metrics/count-statements.ts'
import { countedLog } from './metrics/counted-log.ts'
import { HubMetrics } from './metrics/hub-metrics.ts'
import { Postings } from './postings/postings.ts'
import { Mailbox } from './queue/mailbox.ts'
import { Outgoing } from './queue/outgoing.ts'
import { WakeUps } from './queue/wake-ups.ts'
import { lateAddresses, type LateAddresses } from './sessions/addresses.ts'
import { MemoryOnceStore } from './sessions/memory-once-store.ts'
import { makeSessions, type SessionSurroundings } from './sessions/make-sessions.ts'
import type { OnceValues } from './sessions/once-values.ts'
import { Principals } from './sessions/principals.ts'
import type { Sessions } from './sessions/sessions.ts'
import { AgentLives } from './stores/agent-lives.ts'
import { AgentStore } from './stores/agent-store.ts'
import { BundleStore } from './stores/bundle-store.ts'
import { CodeStore } from './stores/code-store.ts'
import type { HubDatabase } from './stores/database.ts'
import { EnvelopeStore } from './stores/envelope-store.ts'
import { LimitStore } from './stores/limit-store.ts'
import { memoryMarks } from './stores/memory-marks.ts'
import { openStore, type OpenStore, type StorePlace } from './stores/open-store.ts'
import type { PostgresListener } from './stores/postgres-listener.ts'
import { PostingStore } from './stores/posting-store.ts'
import { openRedis } from './stores/open-redis.ts'
import type { RedisLink } from './stores/redis-link.ts'
import { Retention } from './stores/retention.ts'
import { SeenHeads } from './stores/retention-seen-heads.ts'
import { SessionKeyStore } from './stores/session-key-store.ts'
import { SiteStore } from './stores/site-store.ts'
import { SqlOnceStore } from './stores/sql-once-store.ts'
import { WitnessKeyStore } from './stores/witness-key-store.ts'
import { Writes } from './stores/writes.ts'
import type { TlsFiles } from './tls/tls-files.ts'
import { TlsKeeper } from './tls/tls-keeper.ts'
import { readVersion } from './version.ts'
import { Segments } from './witness/segments.ts'
import { Witness } from './witness/witness.ts'

/** Of the key that names addresses in the log. */
const NAME_KEY_BYTES = 32

/** Names of the hub's parts. `Clock` and `Log` have theirs where they are defined. */
export const parts = {
  limits: token<HubLimits>('hub.Limits'),
  db: token<HubDatabase>('hub.Database'),
  addresses: token<LateAddresses>('hub.Addresses'),
  sites: token<SiteStore>('hub.SiteStore'),
  agents: token<AgentStore>('hub.AgentStore'),
  codes: token<CodeStore>('hub.CodeStore'),
  envelopes: token<EnvelopeStore>('hub.EnvelopeStore'),
  bundles: token<BundleStore>('hub.BundleStore'),
  postings: token<Postings>('hub.Postings'),
  witness: token<Witness>('hub.Witness'),
  segments: token<Segments>('hub.Segments'),
  wakeUps: token<WakeUps>('hub.WakeUps'),
  once: token<OnceValues>('hub.OnceValues'),
  principals: token<Principals>('hub.Principals'),
  sessions: token<Sessions>('hub.Sessions'),
  enrolments: token<Enrolments>('hub.Enrolments'),
  lives: token<Lives>('hub.Lives'),
  epochs: token<Epochs>('hub.Epochs'),
  retention: token<Retention>('hub.Retention'),
  seenHeads: token<SeenHeads>('hub.SeenHeads'),
  mailbox: token<Mailbox>('hub.Mailbox'),
  outgoing: token<Outgoing>('hub.Outgoing'),
  readiness: token<Readiness>('hub.Readiness'),
  metrics: token<HubMetrics>('hub.Metrics'),
  tls: token<TlsKeeper | undefined>('hub.Tls'),
  redis: token<RedisLink | undefined>('hub.Redis'),
  openTallies: token<OpenTallies>('hub.Tallies'),
  limitCounts: token<LimitCounts>('hub.LimitCounts'),
  limitStore: token<LimitStore>('hub.LimitStore'),
  quarantines: token<Quarantines>('hub.Quarantines'),
  guard: token<Guard>('hub.Guard'),
  traffic: token<Traffic>('hub.Traffic'),
  app: token<FastifyInstance>('hub.App'),
}

/** What comes from outside. */
export interface Surroundings {
  readonly place: StorePlace
  readonly logLevel: LogLevel
  /** In place of the store's own, where it is given. */
  readonly clock: Clock | undefined
  readonly limits: HubLimits
  /** Networks of the proxies before this hub. */
  readonly trustedProxies: readonly string[]
  /** Where the hub ends TLS itself. */
  readonly tls?: TlsFiles | undefined
  /** Address of a Redis. */
  readonly redis?: string | undefined
  /** Of the access tokens. */
  readonly algorithm: AccessTokenAlgorithm
}

/** Wires a hub. What it opens is closed by `scope`. */
export async function wireHub(
  surroundings: Surroundings,
  scope: AsyncDisposableStack,
): Promise<Container> {
  const { place, logLevel, clock: given, limits, trustedProxies, tls } = surroundings
  const metrics = new HubMetrics(readVersion())
  const onStatement = countStatements(metrics)
  const clocks = { given, own: systemClock }
  const { db, clock, others } = await openStore(place, clocks, scope, onStatement)

  const container = makeContainer()
  container.register(Clock, { useValue: clock })
  const log = countedLog(openLog(logLevel), metrics)
  container.register(Log, { useValue: log })
  container.register(parts.metrics, { useValue: metrics })
  const keeper = tls && (await TlsKeeper.open({ files: tls, clock, log }))
  // Why a factory: the container takes no value that is undefined.
  container.register(parts.tls, { useFactory: () => keeper })
  container.register(parts.limits, { useValue: limits })
  container.register(parts.db, { useValue: db })
  container.register(parts.addresses, { useValue: lateAddresses() })
  container.register(parts.wakeUps, { useValue: makeWakeUps(others) })
  container.register(parts.readiness, { useFactory: once((c) => new Readiness(c.resolve(Log))) })
  const { redis: url, algorithm } = surroundings
  const redis = url === undefined ? undefined : await openRedis({ url, log }, scope)
  container.register(parts.redis, { useFactory: () => redis?.link })
  const writes = new Writes(db)
  registerStores(container, { db, clock }, writes)
  registerServices(container)
  const isAlone = 'file' in place
  registerSessions(container, new SqlOnceStore(db, writes, clock), {
    algorithm,
    memory: isAlone ? new MemoryOnceStore(clock) : undefined,
    marks: redis?.marks ?? memoryMarks({ isAlone }),
  })
  registerSiteServices(container, db, writes)
  const { trackedSubjects } = limits
  const openTallies =
    redis === undefined
      ? memoryTallies(trackedSubjects)
      : sharedTallies(redis.link, trackedSubjects)
  container.register(parts.openTallies, { useValue: openTallies })
  container.register(parts.limitStore, { useValue: new LimitStore(db, writes) })
  registerGuard(container, parseTrustedProxies(trustedProxies))
  return container
}

/** Held requests are woken by whatever hub of the store has something for them. */
function makeWakeUps(others: PostgresListener | undefined): WakeUps {
  const wakeUps = new WakeUps(
    (subject) => others?.tell(subject),
    () => others?.tellEverything(),
  )
  others?.listen({
    heard: (subject) => wakeUps.hear(subject),
    missed: () => wakeUps.wakeAll(),
  })
  return wakeUps
}

function registerStores(
  container: Container,
  { db, clock }: Pick<OpenStore, 'db' | 'clock'>,
  writes: Writes,
): void {
  container.register(parts.sites, { useValue: new SiteStore(db, writes) })
  container.register(parts.agents, { useValue: new AgentStore(db, writes) })
  container.register(parts.codes, { useValue: new CodeStore(db, writes) })
  container.register(parts.envelopes, { useValue: new EnvelopeStore(db, writes, clock) })
  container.register(parts.bundles, { useValue: new BundleStore(db, writes) })
}

function registerServices(container: Container): void {
  container.register(parts.principals, {
    useFactory: once(
      (c) =>
        new Principals({
          clock: c.resolve(Clock),
          sites: c.resolve(parts.sites),
          agents: c.resolve(parts.agents),
        }),
    ),
  })
  container.register(parts.enrolments, {
    useFactory: once(
      (c) =>
        new Enrolments({
          clock: c.resolve(Clock),
          limits: c.resolve(parts.limits),
          codes: c.resolve(parts.codes),
          agents: c.resolve(parts.agents),
        }),
    ),
  })
  registerQueue(container)
}

function registerSessions(
  container: Container,
  database: SqlOnceStore,
  given: Pick<SessionSurroundings, 'algorithm' | 'memory' | 'marks'>,
): void {
  const made = once((c) =>
    makeSessions({
      clock: c.resolve(Clock),
      limits: c.resolve(parts.limits),
      principals: c.resolve(parts.principals),
      lives: c.resolve(parts.lives),
      addresses: c.resolve(parts.addresses),
      store: new SessionKeyStore(c.resolve(parts.db)),
      redis: c.resolve(parts.redis),
      database,
      ...given,
    }),
  )
  container.register(parts.once, { useFactory: (c) => made(c).once })
  container.register(parts.sessions, { useFactory: (c) => made(c).sessions })
}

function registerSiteServices(container: Container, db: HubDatabase, writes: Writes): void {
  container.register(parts.seenHeads, { useValue: new SeenHeads(writes) })
  container.register(parts.retention, {
    useFactory: once(
      (c) =>
        new Retention({
          clock: c.resolve(Clock),
          limits: c.resolve(parts.limits),
          log: c.resolve(Log),
          db,
          writes,
          seenHeads: c.resolve(parts.seenHeads),
        }),
    ),
  })
  container.register(parts.epochs, {
    useFactory: once((c) => new Epochs({ clock: c.resolve(Clock), db, writes })),
  })
  container.register(parts.lives, {
    useFactory: once(
      (c) =>
        new Lives({
          clock: c.resolve(Clock),
          store: new AgentLives(writes),
          wakeUps: c.resolve(parts.wakeUps),
        }),
    ),
  })
  container.register(parts.postings, {
    useFactory: once(
      (c) =>
        new Postings({
          clock: c.resolve(Clock),
          limits: c.resolve(parts.limits),
          postings: new PostingStore(db, writes),
        }),
    ),
  })
  const audit = once((c) => ({
    clock: c.resolve(Clock),
    limits: c.resolve(parts.limits),
    db,
    writes,
    agents: c.resolve(parts.agents),
    keys: new WitnessKeyStore(db, writes),
    seenHeads: c.resolve(parts.seenHeads),
  }))
  container.register(parts.witness, { useFactory: once((c) => new Witness(audit(c))) })
  container.register(parts.segments, { useFactory: once((c) => new Segments(audit(c))) })
}

function registerGuard(container: Container, proxies: TrustedProxies): void {
  container.register(parts.limitCounts, { useValue: new LimitCounts() })
  container.register(parts.traffic, {
    useFactory: once((c) => {
      const counts = c.resolve(parts.limitCounts)
      return new Traffic({ limits: c.resolve(parts.limits), proxies, counts })
    }),
  })
  container.register(parts.quarantines, {
    useFactory: once((c) => new Quarantines(c.resolve(parts.limitStore), c.resolve(Clock))),
  })
  container.register(parts.guard, {
    useFactory: once((c) => {
      const quarantines = c.resolve(parts.quarantines)
      const shared = {
        limits: c.resolve(parts.limits),
        openTallies: c.resolve(parts.openTallies),
        counts: c.resolve(parts.limitCounts),
        log: c.resolve(Log),
        clock: c.resolve(Clock),
        quarantines,
      }
      const nameKey = randomBytes(NAME_KEY_BYTES)
      const steps = makeStepLog({ ...shared, store: c.resolve(parts.limitStore), nameKey })
      const principals = c.resolve(parts.principals)
      const isKnown = async (keyId: string) => (await principals.find(keyId)) !== undefined
      return new Guard({ ...shared, steps, proxies, isKnown })
    }),
  })
}

function registerQueue(container: Container): void {
  const queue = once((c) => ({
    clock: c.resolve(Clock),
    limits: c.resolve(parts.limits),
    envelopes: c.resolve(parts.envelopes),
    wakeUps: c.resolve(parts.wakeUps),
    agents: c.resolve(parts.agents),
  }))
  container.register(parts.mailbox, { useFactory: once((c) => new Mailbox(queue(c))) })
  container.register(parts.outgoing, {
    useFactory: once((c) => new Outgoing({ ...queue(c), principals: c.resolve(parts.principals) })),
  })
  container.register(parts.app, {
    useFactory: once((c) => {
      const wakeUps = c.resolve(parts.wakeUps)
      return makeApp({
        log: c.resolve(Log),
        limits: c.resolve(parts.limits),
        guard: c.resolve(parts.guard),
        traffic: c.resolve(parts.traffic),
        isDraining: () => wakeUps.isDraining,
        tls: c.resolve(parts.tls)?.identity,
      })
    }),
  })
}
