// SPDX-License-Identifier: Apache-2.0
/** A session with a hub: a signed answer to its challenge, then a short token, renewed before it ends. */
import { Buffer } from 'node:buffer'
import { signDocument, type SigningKey } from '../crypto/index.ts'
import { documents, epochMs, instantOf } from '../protocol/index.ts'
import { callRoute } from './call-route.ts'
import { routes } from './contract.ts'
import { hubRefusalOf } from './faults.ts'
import type { HttpClient } from './http-client.ts'

/** What a session is opened with. */
export interface SessionParts {
  readonly http: HttpClient
  readonly key: SigningKey
  readonly clock: { now(): number }
}

/** Gives every call a token that is alive. */
export interface Session {
  /**
   * Runs a call with a token; once more with a new one when the hub does not take the first.
   *
   * Throws: what `call` throws, and what opening a session throws.
   */
  withToken<T>(call: (token: string) => Promise<T>): Promise<T>
}

interface Token {
  readonly text: string
  readonly renewAtMs: number
}

const RENEW_BEFORE_MS = 45_000
/** Bounds of a token's use, whatever a hub's clock says. */
const SHORTEST_USE_MS = 60_000
const LONGEST_USE_MS = 240_000

/** Makes a session; the first call opens it. Calls at the same time share one opening. */
export function makeSession(parts: SessionParts): Session {
  let current: Promise<Token> | undefined

  async function token(): Promise<Token> {
    const held = current
    const alive = await held?.catch(() => undefined)
    if (alive !== undefined && parts.clock.now() < alive.renewAtMs) return alive
    if (current === held) current = openSession(parts)
    return current ?? token()
  }

  return {
    async withToken(call) {
      const first = await token()
      try {
        return await call(first.text)
      } catch (error) {
        if (hubRefusalOf(error)?.status !== 401) throw error
      }
      if ((await current?.catch(() => undefined)) === first) current = undefined
      return call((await token()).text)
    },
  }
}

async function openSession({ http, key, clock }: SessionParts): Promise<Token> {
  const { challenge } = await callRoute(http, routes.askChallenge, { body: { keyId: key.keyId } })
  const issuedAt = instantOf(clock.now())
  const document = { challenge, hub: http.address, keyId: key.keyId, issuedAt }
  const proof = Buffer.from(signDocument(documents.sessionProof, document, key)).toString('utf8')
  const opened = await callRoute(http, routes.openSession, { body: { proof } })
  return { text: opened.token, renewAtMs: renewAt(clock.now(), epochMs(opened.expiresAt)) }
}

/** Why: the two clocks may differ by hours, so a token is used at least a minute and at most four. */
function renewAt(nowMs: number, expiresAtMs: number): number {
  const useMs = expiresAtMs - nowMs - RENEW_BEFORE_MS
  return nowMs + Math.min(Math.max(useMs, SHORTEST_USE_MS), LONGEST_USE_MS)
}
