// SPDX-License-Identifier: Apache-2.0
/** Several hubs on one PostgreSQL as processes, behind one address, with bare clients for operator and agents. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  fingerprintOf,
  foundSite,
  makeEnrolmentCode,
  makeIdentity,
  makeSigningKey,
  parseEnrolmentCode,
  possessionMessage,
  publicIdentity,
  type Identity,
} from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { encodeSiteFile, openHubClient, type HubClient } from '@sallyport/core/transport'
import { CALM } from './field.ts'
import { patient } from './patience.ts'
import { startMain, temporaryFolder, type Running } from './programs.ts'
import { startRoundRobin, type RoundRobin } from './round-robin.ts'
import { freePort } from './free-port.ts'

const clock = { now: () => Date.now() }
const DAY_MS = 86_400_000

/** An agent of which only the wire is there. */
export interface BareAgent {
  readonly agentId: string
  readonly identity: Identity
}

/** How the hubs are started. */
export interface ReplicasOptions {
  readonly database: string
  /** Address of a Redis that they share. */
  readonly redis?: string
  readonly hubCount?: number
  /** How much the clock of each hub is ahead. Units: milliseconds. */
  readonly turnedMs?: readonly number[]
  /** Changes of the hubs' limits. */
  readonly limits?: Readonly<Record<string, number>>
}

/** The hubs. Disposing them ends all of it, but not the database. */
export class Replicas implements AsyncDisposable {
  readonly siteId = randomUUIDv7()
  readonly operatorIdentity = makeIdentity('ops-1', randomBytes(64))
  readonly hubs: Running[] = []
  readonly #options: ReplicasOptions
  readonly #scope = new AsyncDisposableStack()
  readonly #ports: number[] = []
  #shared!: RoundRobin
  #folder = ''

  private constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /** Starts the hubs, all at once. */
  static async open(options: ReplicasOptions): Promise<Replicas> {
    const replicas = new Replicas(options)
    await replicas.#open()
    return replicas
  }

  /** The address of all of them. */
  get url(): string {
    return this.#shared.url
  }

  /** Keeps what clients send to the address of all, until it is told. */
  overhear(): () => string {
    return this.#shared.overhear()
  }

  /** The address of one of them. */
  urlOf(index: number): string {
    return `http://127.0.0.1:${this.#ports[index]}`
  }

  /** Starts one, again or for the first time. */
  async start(index: number): Promise<Running> {
    const { database, redis } = this.#options
    const turnedMs = this.#options.turnedMs?.[index] ?? 0
    const stores = ['--database', database, ...(redis === undefined ? [] : ['--redis', redis])]
    const before = `--import=${join(import.meta.dirname, 'turned-clock.ts')}`
    const files = ['site', 'limits'].flatMap((name) => [`--${name}`, this.#file(name)])
    const hub = await startMain(
      'hub',
      [
        ...[...stores, '--port', String(this.#ports[index])],
        ...['--public-url', this.url, ...files],
      ],
      { home: this.#folder, env: { NODE_OPTIONS: before, TURNED_MS: String(turnedMs) } },
    )
    this.hubs[index] = hub
    return hub
  }

  /** A client of one hub, or of whichever is next. */
  connect(identity: Identity, url = this.url): HubClient {
    return this.#scope.use(openHubClient({ url, key: identity.signing, clock }))
  }

  /** Makes a code and returns what redeems it. */
  async makeCode(operator: HubClient): Promise<{ agentId: string; redeemToken: string }> {
    const fingerprint = fingerprintOf(this.operatorIdentity.signing.publicKey)
    const code = parseEnrolmentCode(makeEnrolmentCode(randomBytes(16), fingerprint))
    const agentId = randomUUIDv7()
    const expiresAt = instantOf(Date.now() + 600_000)
    const { redeemHash, redeemToken } = code
    await operator.addCode({ agentId, redeemHash, sealedEnrolment: 'sealed', expiresAt })
    return { agentId, redeemToken }
  }

  /** Enrols an agent. */
  async enrol(operator: HubClient): Promise<BareAgent> {
    const identity = makeIdentity('pve', randomBytes(64))
    const { agentId, redeemToken } = await this.makeCode(operator)
    await this.connect(identity).redeemCode(redemption(redeemToken, identity))
    return { agentId, identity }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hubs.map((hub) => hub.end('SIGKILL')))
    await this.#scope.disposeAsync()
  }

  async #open(): Promise<void> {
    this.#folder = this.#scope.use(await temporaryFolder()).path
    await writeFile(this.#file('site'), this.#siteFile())
    const limits = { ...CALM, ...this.#options.limits }
    await writeFile(this.#file('limits'), JSON.stringify(limits))
    const { hubCount = 2 } = this.#options
    for (let n = 0; n < hubCount; n += 1) this.#ports.push(await freePort())
    this.#shared = this.#scope.use(await startRoundRobin(() => this.#ports))
    await Promise.all(this.#ports.map((_, index) => this.start(index)))
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.json`)
  }

  #siteFile(): Uint8Array {
    const nowMs = Date.now()
    const { root } = foundSite({
      siteId: this.siteId,
      siteName: 'home',
      operator: publicIdentity(this.operatorIdentity),
      rootKeys: [makeSigningKey(randomBytes(32))],
      thresholds: THRESHOLD_PROFILES.homelab,
      policyText: '',
      nowMs,
      expiresAtMs: nowMs + 400 * DAY_MS,
      random: randomBytes,
    })
    return encodeSiteFile(root)
  }
}

/** What an agent sends to redeem a token. */
export function redemption(redeemToken: string, identity: Identity) {
  return {
    redeemToken,
    signingKey: publicIdentity(identity).signingKey,
    possession: encodeBase64url(identity.signing.sign(possessionMessage(redeemToken))),
  }
}

/** Submits an envelope. Again and again with the same bytes where the hub does not answer, as operators do. */
export async function submit(
  hub: HubClient,
  agentId: string,
  envelopeId: string = randomUUIDv7(),
): Promise<string> {
  const expiresAt = instantOf(Date.now() + 600_000)
  await persist(() => hub.submitEnvelope({ envelopeId, agentId, sealed: 'sealed job', expiresAt }))
  return envelopeId
}

/** Calls until it is answered. */
export async function persist<T>(call: () => Promise<T>, patienceMs = patient(30_000)): Promise<T> {
  const endsAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > endsAt) throw error
      await sleep(100)
    }
  }
}
