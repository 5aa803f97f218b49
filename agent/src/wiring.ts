// SPDX-License-Identifier: Apache-2.0
/** The agent put together: one line per part, closed in reverse order by the scope. */
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import type { AdmissionPorts, SiteAuthority } from '@sallyport/core/admission'
import { auditOrigin } from '@sallyport/core/audit'
import { seal, type Identity } from '@sallyport/core/crypto'
import { encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { checkAgainstSchema, openPluginHost, type PluginHost } from '@sallyport/core/plugins'
import { heldPolicy } from '@sallyport/core/policy'
import {
  Runner,
  Witnessing,
  rotateLog,
  type AnswerReaders,
  type RotationBounds,
  type RotationPorts,
  type SealedReport,
} from '@sallyport/core/runner'
import { hubRefusalOf, makeBackOff, openHubClient, type HubClient } from '@sallyport/core/transport'
import {
  Clock,
  makeContainer,
  once,
  systemClock,
  token,
  type Container,
} from '@sallyport/core/wiring'
import { isCodedError, type Secret } from '@sallyport/sdk'
import type { Logger } from 'pino'
import type { AgentFile } from './agent-file.ts'
import { openAuditLoop, type AuditLoop } from './audit-loop.ts'
import { authorityOf, bookOf } from './authority.ts'
import { openBindingPins, type LockBook } from './bindings/binding-locks.ts'
import { FileBindingStore, type BindingsChange } from './bindings/binding-store.ts'
import { makeHubStop, type HubStop } from './hub-stop.ts'
import { logTrouble } from './log-trouble.ts'
import { notePluginEvent } from './plugin-events.ts'
import { DATABASE, openRecord, type AgentRecord } from './record.ts'
import { beginStart } from './starts.ts'
import type { Enrolled } from './trust.ts'

/** The host of sandboxed plugins. */
export const AgentHost = token<PluginHost>('agent.PluginHost')
/** What admission asks on this agent. */
export const AgentAdmission = token<AdmissionPorts>('agent.Admission')
/** The runner of this agent. */
export const AgentRunner = token<Runner>('agent.Runner')
/** The agent's connection to its hub. */
export const AgentHub = token<HubClient>('agent.Hub')
/** The agent's journal and audit log. */
export const AgentMemory = token<AgentRecord>('agent.Record')

/** Keeps the hub's witness of this agent's log up to date. */
export const AgentAudit = token<AuditLoop>('agent.AuditLoop')

/** How this agent stands with its hub. */
export const AgentStop = token<HubStop>('agent.HubStop')

/** The hub is not waited for longer when the agent goes. Units: milliseconds. */
const GOODBYE_MS = 1_000

/** How long the hub is asked to keep a report. */
const REPORT_KEPT_MS = 90 * 86_400_000

/** What is known before anything is opened. */
export interface AgentParts {
  readonly stateDir: string
  readonly file: AgentFile
  readonly enrolled: Enrolled
  readonly identity: Identity
  /** The key under which the bindings are sealed. */
  readonly bindingsKey: Secret<Uint8Array>
  readonly maxConcurrentJobs: number
  /** How much of the audit log stays in the database. */
  readonly rotation: RotationBounds
  readonly log: Logger
}

/** Wires an agent. Everything opened here is closed by `scope`. */
export function wireAgent(parts: AgentParts, scope: AsyncDisposableStack): Container {
  const { stateDir, enrolled, identity, log } = parts
  const { enrolment } = enrolled
  const container = makeContainer()
  const { agentId } = enrolment
  const path = join(stateDir, DATABASE)
  const record = scope.use(openRecord(path, { agentId, identity, mode: 'existing' }))
  const authority = authorityOf(parts.file, enrolled, record.store)
  const hub = scope.use(
    openHubClient({
      url: parts.file.hub,
      key: identity.signing,
      clock: systemClock,
      instance: beginStart(stateDir),
    }),
  )
  scope.defer(() => hub.endSession(GOODBYE_MS).catch(() => undefined))
  const stop = makeHubStop(record)
  // Why before the host: what happens to plugins at the end is shown to the hub too.
  const audit = scope.use(
    openAuditLoop({
      witnessing: witnessingOf(parts, record, { authority, hub }),
      rotate: () => rotateLog(rotationOf(record), parts.rotation),
      backOff: makeBackOff(Math.random),
      onError: (error) => logTrouble(log, error, stop),
    }),
  )
  const place = { stateDir, key: parts.bindingsKey }
  const locks = lockBookOf(record, log)
  const noteChange = (change: BindingsChange): void =>
    record.note({ event: 'bindings.changed', details: { ...change } })
  const bindings = new FileBindingStore(place, noteChange, locks)
  const host = scope.use(
    openPluginHost({
      stateDirectory: stateDir,
      bindings,
      onLine: (line) => log.info(line, 'plugin'),
      onEvent: (event) => notePluginEvent(record, event, log),
      onGroups: (found) =>
        found.found
          ? log.info({ controllers: found.groups.controllers }, 'plugins get control groups')
          : log.warn({ why: found.why }, 'plugins get no control groups'),
    }),
  )
  container.register(Clock, { useValue: systemClock })
  container.register(AgentMemory, { useValue: record })
  container.register(AgentHub, { useValue: hub })
  container.register(AgentHost, { useValue: host })
  container.register(AgentAdmission, { useValue: admissionOf(parts, record, authority) })
  container.register(AgentAudit, { useValue: audit })
  container.register(AgentStop, { useValue: stop })
  container.register(AgentRunner, {
    useFactory: once(
      (c) =>
        new Runner({
          identity,
          readers: answerReadersOf(authority, enrolment.agentName),
          admission: c.resolve(AgentAdmission),
          journal: c.resolve(AgentMemory).journal,
          host: c.resolve(AgentHost),
          channel: {
            answer: (id, sealed) => answer(hub, id, sealed),
            report: (given) => report(hub, given),
          },
          bundles: { fetch: (digest) => fetchBundle(hub, digest) },
          pins: openBindingPins(place, locks),
          book: bookOf(authority, record.store),
          witness: record.store.witness,
          clock: c.resolve(Clock),
          makeId: randomUUIDv7,
          maxConcurrentJobs: parts.maxConcurrentJobs,
          log,
        }),
    ),
  })
  return container
}

/** The locks in the agent's database, each on record in the same transaction. */
function lockBookOf(record: AgentRecord, log: Logger): LockBook {
  const { bindingLocks } = record.store
  return {
    find: (pluginName, name) => bindingLocks.find(pluginName, name),
    put(lock) {
      const { pluginName: plugin, name, pinned, seen } = lock
      const details = { plugin, name, pinned, seen }
      log.warn(details, 'a service showed another certificate; its binding is locked')
      record.note({ event: 'binding.locked', details }, (nowMs) =>
        bindingLocks.put({ ...lock, sinceMs: nowMs }),
      )
    },
    lift: (pluginName, name) => void bindingLocks.lift(pluginName, name),
  }
}

/** Why the agent itself where nothing else is named: then only who may see all of it is concerned. */
function answerReadersOf(authority: SiteAuthority, agentName: string): AnswerReaders {
  return {
    of: (about) => {
      const things = about.length > 0 ? about : [`agent/${agentName}`]
      return [...authority.operatorReaders(), ...authority.customerReaders(agentName, things)]
    },
    people: () => authority.personReaders(),
  }
}

function rotationOf({ store, journal }: AgentRecord): RotationPorts {
  return { store: store.audit, witness: store.witness, journal, clock: systemClock }
}

function witnessingOf(
  { enrolled, identity, log }: AgentParts,
  record: AgentRecord,
  { authority, hub }: { authority: SiteAuthority; hub: HubClient },
): Witnessing {
  const { agentId, agentName } = enrolled.enrolment
  return new Witnessing({
    log: record.log,
    origin: auditOrigin(agentId),
    key: identity.signing,
    reader: record.store.audit,
    store: record.store.witness,
    journal: record.journal,
    channel: hub,
    seal,
    readersOf: (about) => [
      ...authority.operatorReaders(),
      ...authority.customerReaders(agentName, about),
    ],
    clock: record.store.clock,
    logLines: log,
  })
}

function admissionOf(
  parts: AgentParts,
  record: AgentRecord,
  authority: SiteAuthority,
): AdmissionPorts {
  const { enrolled, identity } = parts
  const { siteId, agentId, agentName } = enrolled.enrolment
  const sealingKey = encodeBase64url(identity.sealing.publicKey)
  const { store } = record
  return {
    self: { siteId, agentId, sealingKey },
    trust: authority,
    clock: store.clock,
    approvals: store.approvals,
    revocations: store.revocations,
    quarantine: store.quarantine,
    replay: store.runs,
    rate: store.runs,
    checkInput: checkAgainstSchema,
    agentName,
    policy: heldPolicy(
      () => authority.policy(),
      () => ({ agentName, siteName: authority.root().siteName }),
    ),
    standing: store.standing,
    cancellations: store.cancellations,
  }
}

/** Why: 409 says that the hub holds an earlier answer to this envelope, 404 that it no longer knows it. */
async function answer(hub: HubClient, envelopeId: string, sealed: string): Promise<void> {
  try {
    await hub.answerEnvelope(envelopeId, sealed)
  } catch (error) {
    const status = hubRefusalOf(error)?.status
    if (status !== 409 && status !== 404) throw error
  }
}

/** Why: 409 says that the hub holds other bytes under this label, and the first report stands. */
async function report(
  hub: HubClient,
  { envelopeId, scheduleId, dueAtMs, sealed }: SealedReport,
): Promise<void> {
  const kept = { about: scheduleId, sealed, expiresAt: instantOf(dueAtMs + REPORT_KEPT_MS) }
  try {
    await hub.addPosting({ postingId: envelopeId, kind: 'report', ...kept })
  } catch (error) {
    if (hubRefusalOf(error)?.status !== 409) throw error
  }
}

/** Why: other bytes than the digest's, or none, are for admission to refuse; a hub out of reach is not. */
async function fetchBundle(hub: HubClient, digest: string): Promise<Uint8Array | undefined> {
  try {
    return await hub.fetchBundle(digest)
  } catch (error) {
    const isForeign = isCodedError(error) && error.code === 'ERR_HUB_ANSWER_FORM'
    if (isForeign || hubRefusalOf(error)?.status === 404) return undefined
    throw error
  }
}
