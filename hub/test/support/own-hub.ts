// SPDX-License-Identifier: Apache-2.0
/** A hub in this process with whatever it is started with, and clients that reach it wherever it says. */
import { randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Identity } from '@sallyport/core/crypto'
import { instantOf } from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { startHub, type HubConfig, type RunningHub } from '@sallyport/hub'
import { freshStores } from '../../../test/support/hub-stores.ts'
import { anyone, makeCode, redemption, siteFileOf, type TestAgent } from './site.ts'

const MINUTE = 60_000

/** A hub, its operator, and who talks to it. */
export class OwnHub {
  readonly hub: RunningHub
  readonly operatorIdentity: Identity
  /** The address that clients use; another one than the hub's own where something stands before it. */
  url: string
  readonly #scope: AsyncDisposableStack
  readonly #ca: string | undefined

  private constructor(
    hub: RunningHub,
    operator: Identity,
    around: { scope: AsyncDisposableStack; ca: string | undefined },
  ) {
    this.hub = hub
    this.url = hub.url
    this.operatorIdentity = operator
    this.#scope = around.scope
    this.#ca = around.ca
  }

  /** Starts a hub below the folder; `ca` is what its clients believe. */
  static async open(
    folder: string,
    scope: AsyncDisposableStack,
    { ca, ...changes }: Partial<HubConfig> & { ca?: string } = {},
  ): Promise<OwnHub> {
    const operator = anyone('ops-1')
    const site = join(folder, 'site.json')
    await writeFile(site, siteFileOf(randomUUIDv7(), operator))
    const usual: HubConfig = {
      dataDir: join(folder, 'hub'),
      host: '127.0.0.1',
      port: 0,
      siteFiles: [site],
      publicUrls: [],
      logLevel: 'silent',
    }
    const stores = await freshStores(scope)
    const hub = scope.use(await startHub({ ...usual, ...stores, ...changes }))
    return new OwnHub(hub, operator, { scope, ca })
  }

  connect(identity: Identity = this.operatorIdentity): HubClient {
    const ca = this.#ca === undefined ? {} : { ca: this.#ca }
    const clock = { now: () => Date.now() }
    return this.#scope.use(openHubClient({ url: this.url, key: identity.signing, clock, ...ca }))
  }

  async enrol(): Promise<TestAgent> {
    const agentId = randomUUIDv7()
    const identity = anyone('pve1')
    const { redeemHash, redeemToken } = makeCode(this.operatorIdentity)
    const expiresAt = instantOf(Date.now() + MINUTE)
    await this.connect().addCode({ agentId, redeemHash, sealedEnrolment: 'sealed', expiresAt })
    const client = this.connect(identity)
    await client.redeemCode(redemption(redeemToken, identity))
    return { agentId, identity, client }
  }

  async submit({ agentId }: { agentId: string }): Promise<string> {
    const envelopeId = randomUUIDv7()
    const expiresAt = instantOf(Date.now() + MINUTE)
    await this.connect().submitEnvelope({ envelopeId, agentId, sealed: 'sealed', expiresAt })
    return envelopeId
  }
}
