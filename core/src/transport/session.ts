// SPDX-License-Identifier: Apache-2.0
/** A session with a hub: a signed answer to its challenge, then a short token bound to a key of this client alone. */
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { signDocument, type SigningKey } from '../crypto/index.ts'
import { documents, encodeBase64url, epochMs, instantOf } from '../protocol/index.ts'
import { callRoute, type Access } from './call-route.ts'
import { routes } from './contract.ts'
import { hubRefusalOf } from './faults.ts'
import type { HttpClient } from './http-client.ts'
import { makeProver, type Prover } from './prover.ts'
import { makeStopGate } from './stop-gate.ts'

/** One start of a program. */
export interface ProgramInstance {
  /** 16 random bytes, base64url. */
  readonly id: string
  /** Starts before this one; 0 where none are counted. */
  readonly startCount: number
}

/** What a session is opened with. */
export interface SessionParts {
  readonly http: HttpClient
  readonly key: SigningKey
  readonly clock: { now(): number }
  /** Unless given, that of this process, without a count. */
  readonly instance?: ProgramInstance | undefined
}

/** Gives every call a token that is alive, and proves it. */
export interface Session {
  /**
   * Runs a call with a token; once more with a new one when the hub does not take the first.
   *
   * Throws: what `call` throws, and what opening a session throws.
   */
  withAccess<T>(call: (access: Access) => Promise<T>): Promise<T>
  /** Ends the session, if one is open; the next call opens another. Throws: as `callRoute`. */
  end(signal: AbortSignal): Promise<void>
}

interface Token {
  readonly text: string
  readonly renewAtMs: number
}

const RENEW_BEFORE_MS = 45_000
/** Bounds of a token's use, whatever a hub's clock says. */
const SHORTEST_USE_MS = 60_000
const LONGEST_USE_MS = 240_000

const THIS_PROCESS: ProgramInstance = { id: encodeBase64url(randomBytes(16)), startCount: 0 }

/** Makes a session; the first call opens it. Calls at the same time share one opening. */
export function makeSession(parts: SessionParts): Session {
  const prover = makeProver(parts.clock)
  const gate = makeStopGate(parts.clock)
  let current: Promise<Token> | undefined

  async function token(): Promise<Token> {
    const held = current
    const alive = await held?.catch(() => undefined)
    if (alive !== undefined && parts.clock.now() < alive.renewAtMs) return alive
    if (current === held) current = openSession(parts, prover)
    return current ?? token()
  }

  async function withAccess<T>(call: (access: Access) => Promise<T>): Promise<T> {
    const first = await token()
    try {
      return await call({ prover, token: first.text })
    } catch (error) {
      if (hubRefusalOf(error)?.status !== 401) throw error
    }
    if ((await current?.catch(() => undefined)) === first) current = undefined
    return call({ prover, token: (await token()).text })
  }

  return {
    async end(signal) {
      const alive = await current?.catch(() => undefined)
      current = undefined
      if (alive === undefined) return
      const access = { prover, token: alive.text }
      await callRoute(parts.http, routes.endSession, { body: {}, access, signal })
    },
    async withAccess(call) {
      gate.pass()
      try {
        return await withAccess(call)
      } catch (error) {
        gate.hear(error)
        throw error
      }
    },
  }
}

async function openSession(
  { http, key, clock, instance = THIS_PROCESS }: SessionParts,
  prover: Prover,
): Promise<Token> {
  const { keyId } = key
  // Nothing is proven yet, but the nonce that comes with the challenge is kept.
  const access = { prover: { ...prover, prove: async () => ({}) } }
  const { challenge } = await callRoute(http, routes.askChallenge, { body: { keyId }, access })
  const document = {
    challenge,
    hub: http.address,
    keyId,
    dpop: prover.thumbprint,
    instance: instance.id,
    startCount: instance.startCount,
    issuedAt: instantOf(clock.now()),
  }
  const proof = Buffer.from(signDocument(documents.sessionProof, document, key)).toString('utf8')
  const opened = await callRoute(http, routes.openSession, { body: { proof }, access: { prover } })
  return { text: opened.token, renewAtMs: renewAt(clock.now(), epochMs(opened.expiresAt)) }
}

/** Why: the two clocks may differ by hours, so a token is used at least a minute and at most four. */
function renewAt(nowMs: number, expiresAtMs: number): number {
  const useMs = expiresAtMs - nowMs - RENEW_BEFORE_MS
  return nowMs + Math.min(Math.max(useMs, SHORTEST_USE_MS), LONGEST_USE_MS)
}
