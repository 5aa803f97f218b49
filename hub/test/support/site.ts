// SPDX-License-Identifier: Apache-2.0
/** A hub of its own for one test: a real server on a free port, one operator, real clients. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import {
  fingerprintOf,
  foundSite,
  makeEnrolmentCode,
  makeIdentity,
  makeSigningKey,
  parseEnrolmentCode,
  possessionMessage,
  publicIdentity,
  type EnrolmentCode,
  type FoundedSite,
  type Identity,
  type SigningKey,
} from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import {
  encodeSiteFile,
  hubRefusalOf,
  openHubClient,
  type HubClient,
} from '@sallyport/core/transport'
import { startHub, type HubConfig, type HubLimits, type RunningHub } from '@sallyport/hub'
import { askDatabase, freshStores, type HubStores } from '../../../test/support/hub-stores.ts'
import { temporaryFolder } from './folder.ts'

export { temporaryFolder } from './folder.ts'
import { CALM } from './calm.ts'

export const MINUTE = 60_000

/** A clock that a test turns. It begins with the real time. */
export class TestClock {
  #ahead = 0

  now(): number {
    return Date.now() + this.#ahead
  }

  turn(ms: number): void {
    this.#ahead += ms
  }
}

/** An enrolled agent and its client. */
export interface TestAgent {
  readonly agentId: string
  readonly identity: Identity
  readonly client: HubClient
}

/** A hub, its site and whoever talks to it. Closes all of it when disposed. */
export class TestSite implements AsyncDisposable {
  readonly siteId = randomUUIDv7()
  readonly operatorIdentity = makeIdentity('ops-1', randomBytes(64))
  readonly rootKey = makeSigningKey(randomBytes(32))
  readonly founded = foundTestSite(this.siteId, this.operatorIdentity, this.rootKey)
  readonly clock = new TestClock()
  readonly #scope = new AsyncDisposableStack()
  #folder = ''
  #stores: HubStores = {}
  #changes: Partial<HubConfig> = {}
  #hub: RunningHub | undefined
  #port = 0
  #operator: HubClient | undefined

  static async open(
    limits: Partial<HubLimits> = {},
    config: Partial<HubConfig> = {},
  ): Promise<TestSite> {
    const site = new TestSite()
    site.#changes = config
    site.#folder = await temporaryFolder(site.#scope)
    site.#stores = await freshStores(site.#scope)
    await writeFile(join(site.#folder, 'site.json'), site.siteFile())
    await site.start(limits)
    return site
  }

  siteFile(): Uint8Array {
    return encodeSiteFile(this.founded.root)
  }

  get config(): HubConfig {
    return {
      dataDir: join(this.#folder, 'hub'),
      host: '127.0.0.1',
      port: this.#port,
      siteFiles: [join(this.#folder, 'site.json')],
      publicUrls: [],
      logLevel: 'silent',
      ...this.#stores,
      ...this.#changes,
    }
  }

  async start(
    limits: Partial<HubLimits> = {},
    config: Partial<HubConfig> = this.#changes,
  ): Promise<void> {
    this.#changes = config
    this.#hub = await startHub(this.config, { clock: this.clock, limits: { ...CALM, ...limits } })
    this.#port = Number(new URL(this.#hub.url).port)
    this.#operator = this.connect(this.operatorIdentity)
  }

  async stop(): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]()
    this.#hub = undefined
  }

  get url(): string {
    if (this.#hub === undefined) throw new Error('the hub is stopped')
    return this.#hub.url
  }

  get operator(): HubClient {
    return this.#operator!
  }

  /** Asks or edits the hub's database behind its back. */
  ask(text: string, ...values: SQLInputValue[]): Promise<Record<string, unknown>[]> {
    return askDatabase({ database: this.config.database, file: this.databaseFile }, text, values)
  }

  get databaseFile(): string {
    return join(this.#folder, 'hub', 'hub.db')
  }

  /** A client that is closed with the site. */
  connect(identity: Identity, clock: { now(): number } = this.clock): HubClient {
    const options = { url: this.url, key: identity.signing, clock }
    return this.#scope.use(openHubClient(options))
  }

  /** Adds a code for a new agent. */
  async addCode(
    changes: {
      agentId?: string
      lifetimeMs?: number
      mustConfirm?: boolean
      replaces?: string[]
    } = {},
  ): Promise<EnrolmentCode & { agentId: string }> {
    const { lifetimeMs = 30 * MINUTE, agentId = randomUUIDv7(), ...others } = changes
    const code = makeCode(this.operatorIdentity)
    await this.operator.addCode({
      agentId,
      redeemHash: code.redeemHash,
      sealedEnrolment: 'sealed enrolment',
      expiresAt: this.instantIn(lifetimeMs),
      ...others,
    })
    return { ...code, agentId }
  }

  /** Enrols an agent. */
  async enrol(identity = makeIdentity('pve1', randomBytes(64))): Promise<TestAgent> {
    const { agentId, redeemToken } = await this.addCode()
    const client = this.connect(identity)
    await client.redeemCode(redemption(redeemToken, identity))
    return { agentId, identity, client }
  }

  /** Submits text as an envelope and returns its id. */
  async submit(agent: { agentId: string }, sealed = 'sealed job'): Promise<string> {
    const envelopeId = randomUUIDv7()
    const expiresAt = this.instantIn(10 * MINUTE)
    await this.operator.submitEnvelope({ envelopeId, agentId: agent.agentId, sealed, expiresAt })
    return envelopeId
  }

  instantIn(ms: number): string {
    return instantOf(this.clock.now() + ms)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#scope.disposeAsync()
  }
}

/** The file of a site with one operator. */
export function siteFileOf(
  siteId: string,
  operator: Identity,
  rootKey: SigningKey = makeSigningKey(randomBytes(32)),
): Uint8Array {
  return encodeSiteFile(foundTestSite(siteId, operator, rootKey).root)
}

/** The first documents of a site with one operator. */
function foundTestSite(siteId: string, operator: Identity, rootKey: SigningKey): FoundedSite {
  const nowMs = Date.now()
  return foundSite({
    siteId,
    siteName: 'home',
    operator: publicIdentity(operator),
    rootKeys: [rootKey],
    thresholds: THRESHOLD_PROFILES.homelab,
    policyText: '',
    nowMs,
    expiresAtMs: nowMs + 400 * 24 * 60 * MINUTE,
    random: randomBytes,
  })
}

/** A fresh enrolment code. The hub does not care for the root in it. */
export function makeCode(operator: Identity): EnrolmentCode {
  return parseEnrolmentCode(
    makeEnrolmentCode(randomBytes(16), fingerprintOf(operator.signing.publicKey)),
  )
}

/** What an agent sends to redeem a token. */
export function redemption(redeemToken: string, identity: Identity) {
  return {
    redeemToken,
    signingKey: publicIdentity(identity).signingKey,
    possession: encodeBase64url(identity.signing.sign(possessionMessage(redeemToken))),
  }
}

/** A new identity. */
export function anyone(name = 'someone'): Identity {
  return makeIdentity(name, randomBytes(64))
}

/** What the hub refused with, or 'nothing' when it did not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'nothing'
  } catch (error) {
    const refusal = hubRefusalOf(error)
    if (refusal === undefined) throw error
    return `${refusal.status} ${refusal.code}`
  }
}
