// SPDX-License-Identifier: Apache-2.0
/** Several people of one site, each in a folder of their own, around a hub in memory that a case can alter. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicIdentity, trustStoreOf } from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import type { Threshold } from '@sallyport/core/protocol'
import type { HubClient, PostingView } from '@sallyport/core/transport'
import { CodedError } from '@sallyport/sdk'
import { homeLayout } from '../../src/home.ts'
import type { Operator } from '../../src/operator/operator.ts'
import { siteOf } from '../../src/operator/site.ts'
import { rootKeyFor } from '../../src/trust/root-change.ts'
import { firstRoot, personOf, signRoot } from './roots.ts'
import type { Person } from './roots.ts'
import { NOW, identityOf } from './site.ts'

/** What was given to an agent. */
export interface Submitted {
  readonly envelopeId: string
  readonly agentId: string
  readonly sealed: string
  readonly expiresAt: string
}

/** A hub in memory: postings and envelopes, and nothing that anyone could believe. */
export class Board {
  readonly postings: PostingView[] = []
  readonly submitted = new Map<string, Submitted>()

  /** The routes that proposals use. */
  readonly hub: Partial<HubClient> = {
    address: 'http://hub.test',
    addPosting: async ({ postingId, kind, about, sealed, expiresAt }) => {
      this.postings.unshift({
        postingId,
        kind,
        about,
        agentId: null,
        sealed,
        postedAt: NOW,
        expiresAt,
      })
    },
    listPostings: async ({ kind, about } = {}) => ({
      postings: this.postings.filter(
        (each) =>
          (kind === undefined || each.kind === kind) &&
          (about === undefined || each.about === about),
      ),
      nextCursor: null,
    }),
    submitEnvelope: async (envelope) => {
      if (this.submitted.has(envelope.envelopeId)) throw refusal(409)
      this.submitted.set(envelope.envelopeId, envelope)
      return { envelopeId: envelope.envelopeId, state: 'queued', queuedAt: NOW }
    },
    showEnvelope: async (envelopeId) => {
      const found = this.submitted.get(envelopeId)
      if (found === undefined) throw refusal(404)
      return {
        ...found,
        state: 'queued',
        queuedAt: NOW,
        deliveredAt: null,
        answeredAt: null,
        deliveryCount: 0,
        result: null,
      }
    },
    listEnvelopes: async () => ({ envelopes: [], nextCursor: null }),
  }
}

/** Two operators and a customer, and whoever is no one of the site. */
export interface Crew {
  readonly board: Board
  readonly ann: Operator
  readonly ben: Operator
  readonly shop: Operator
  readonly eve: Operator
  /** Another key of ann's. */
  readonly annAgain: Operator
}

/** A site with these thresholds. */
export function crewOf(thresholds: readonly Threshold[]): Crew {
  const [ann, ben] = [personOf('ann'), personOf('ben')]
  const [again, shop, eve] = [identityOf('ann'), identityOf('shop'), identityOf('eve')]
  const nowMs = Date.parse(NOW)
  const added = (role: 'operator' | 'customer', { name, ...identity }: Identity) => {
    const { signingKey, sealingKey } = publicIdentity({ name, ...identity })
    return rootKeyFor({ holder: name, role, signingKey, sealingKey }, { nowMs })
  }
  const draft = firstRoot([ann, ben], { thresholds: [...thresholds] })
  const customer = { ...added('customer', shop), concerns: ['guest/101'] }
  const keys = [...draft.keys, added('operator', again), customer]
  const root = signRoot({ ...draft, keys }, [ann.root])
  const board = new Board()
  const at = (identity: Identity): Operator => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-crew-'))
    const site = siteOf(root)
    return {
      home: homeLayout(folder),
      identity,
      site,
      hub: board.hub as HubClient,
      trust: trustStoreOf(root.root, nowMs),
      readers: site.operators.map(({ sealingKey }) => sealingKey),
      now: () => nowMs,
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const work = ({ operator }: Person): Operator => at(operator)
  return {
    board,
    ann: work(ann),
    ben: work(ben),
    shop: at(shop),
    eve: at(eve),
    annAgain: at(again),
  }
}

function refusal(status: number): CodedError {
  return new CodedError('ERR_HUB_REFUSED', 'no', { details: { status, code: 'ERR_X' } })
}
