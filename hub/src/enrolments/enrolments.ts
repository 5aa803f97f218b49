// SPDX-License-Identifier: Apache-2.0
/** Enrolment: a code is added by an operator and burned by the first key that shows its token. */
import {
  keyIdOf,
  parseSigningPublicKey,
  possessionMessage,
  redeemHashOf,
  verifySignature,
} from '@sallyport/core/crypto'
import { decodeBase64url, epochMs } from '@sallyport/core/protocol'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { HubLimits } from '../limits.ts'
import type { AgentStore } from '../stores/agent-store.ts'
import type { CodeStore, NewCode, Redeemed } from '../stores/code-store.ts'
import type { CodeRow } from '../stores/tables.ts'

/** A code as it comes in. */
export interface CodeSubmission {
  readonly agentId: string
  readonly redeemHash: string
  readonly sealedEnrolment: string
  readonly expiresAt: string
  readonly mustConfirm?: boolean | undefined
  readonly replaces?: readonly string[] | undefined
}

/** Someone who wants to become an agent. */
export interface Redemption {
  readonly redeemToken: string
  readonly signingKey: string
  readonly possession: string
}

/** What enrolment needs. */
export interface EnrolmentsParts {
  readonly clock: Clock
  readonly limits: HubLimits
  readonly codes: CodeStore
  readonly agents: AgentStore
}

/** Adds codes and redeems them. */
export class Enrolments {
  readonly #parts: EnrolmentsParts

  constructor(parts: EnrolmentsParts) {
    this.#parts = parts
  }

  /**
   * Adds a code. The same code again does nothing.
   *
   * Throws: ERR_CODE_LIFETIME, ERR_AGENT_EXISTS, ERR_CODE_CONFLICT.
   */
  async addCode(siteId: string, code: CodeSubmission): Promise<void> {
    const { codes, clock } = this.#parts
    const row = rowOf(siteId, code, clock.now())
    const earlier = await codes.find(row.redeem_hash)
    if (earlier === undefined) await this.#refuseUnfit(row)
    refuseOther(earlier ?? (await codes.add(row)), row)
  }

  /**
   * Redeems a code for a signing key. Again with the same key, it gives the same, in case the first answer was lost.
   *
   * Trust: possession is proved before anything is looked up, so that the answer says nothing of the code.
   * Throws: ERR_KEY_FORM, ERR_KEY_WEAK, ERR_POSSESSION, ERR_CODE_REFUSED (the same whatever is wrong with the code).
   */
  async redeem(redemption: Redemption): Promise<Redeemed> {
    const { redeemToken, signingKey } = redemption
    const publicKey = parseSigningPublicKey(signingKey)
    const possession = decodePossession(redemption.possession)
    if (!verifySignature(publicKey, possessionMessage(redeemToken), possession)) {
      throw new CodedError('ERR_POSSESSION', 'the signature does not prove the signing key')
    }
    const redeemer = { keyId: keyIdOf(publicKey), signingKey }
    const hash = redeemHashOf(redeemToken)
    const redeemed = await this.#parts.codes.redeem(hash, redeemer, this.#parts.clock.now())
    if (redeemed !== undefined) return redeemed
    throw new CodedError('ERR_CODE_REFUSED', 'the code is unknown, expired or used')
  }

  async #refuseUnfit(code: NewCode): Promise<void> {
    const { agents, limits } = this.#parts
    const lifetimeMs = code.expires_at - code.added_at
    if (lifetimeMs <= 0 || lifetimeMs > limits.codeMs) {
      throw new CodedError('ERR_CODE_LIFETIME', 'a code must end after now and within 7 days')
    }
    if ((await agents.find(code.site_id, code.agent_id)) !== undefined) {
      throw new CodedError('ERR_AGENT_EXISTS', 'this agent is enrolled already')
    }
  }
}

function rowOf(siteId: string, code: CodeSubmission, nowMs: number): NewCode {
  return {
    redeem_hash: code.redeemHash,
    site_id: siteId,
    agent_id: code.agentId,
    sealed_enrolment: code.sealedEnrolment,
    added_at: nowMs,
    expires_at: epochMs(code.expiresAt),
    must_confirm: code.mustConfirm === true ? 1 : 0,
    replaces: [...new Set(code.replaces)].filter((id) => id !== code.agentId).join(' '),
  }
}

function refuseOther(earlier: CodeRow | undefined, code: NewCode): void {
  if (earlier === undefined) return
  const isSame =
    earlier.site_id === code.site_id &&
    earlier.agent_id === code.agent_id &&
    earlier.sealed_enrolment === code.sealed_enrolment &&
    Number(earlier.expires_at) === code.expires_at &&
    earlier.must_confirm === code.must_confirm &&
    earlier.replaces === code.replaces
  if (!isSame) throw new CodedError('ERR_CODE_CONFLICT', 'this code was added with other contents')
}

function decodePossession(text: string): Uint8Array {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw new CodedError('ERR_POSSESSION', 'the signature is not base64url', { cause })
  }
}
