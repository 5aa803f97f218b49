// SPDX-License-Identifier: Apache-2.0
/** Proofs of requests: whether one was made for this request, to this hub, now, and for the first time. */
import { readDpopProof, sha256 } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import type { HubAddresses } from './addresses.ts'
import type { OnceMemory } from './once-store.ts'
import type { OnceValues } from './once-values.ts'
import { isSamePath, type Presented } from './presented.ts'

/** A proof that was made for this request. */
export interface ReadProof {
  readonly thumbprint: string
  /** The address under which its maker knows this hub. */
  readonly hub: string
  readonly tokenHash: string | undefined
  /** By which it counts once. */
  readonly value: string
  /** Whoever remembers that; undefined when the nonce is missing or too old. */
  readonly memory: OnceMemory | undefined
}

/** Reads proofs and uses them up. */
export class Proofs {
  readonly #once: OnceValues
  readonly #addresses: HubAddresses

  constructor(once: OnceValues, addresses: HubAddresses) {
    this.#once = once
    this.#addresses = addresses
  }

  /**
   * Reads what came with a request; undefined when it is no proof of this request to this hub.
   *
   * Source: RFC 9449, section 4.3, steps 2 to 11.
   */
  async read({ proof, method, path }: Presented): Promise<ReadProof | undefined> {
    const read = proof === undefined ? undefined : readDpopProof(proof)
    if (read?.method !== method) return undefined
    const hub = this.#hubOf(read.url, path)
    if (hub === undefined) return undefined
    const { thumbprint, tokenHash, nonce, proofId } = read
    const memory = nonce === undefined ? undefined : await this.#once.proofMemory(nonce)
    return { thumbprint, hub, tokenHash, value: valueOf(thumbprint, proofId), memory }
  }

  /**
   * Uses a proof up, and says what stands against it: it was used before, or its nonce does not count. A nonce does not
   * either when the memory it names is away or has lost what it knew: the next one names a memory that is there.
   */
  async use({
    memory,
    value,
  }: ReadProof): Promise<'ERR_DPOP_NONCE' | 'ERR_DPOP_PROOF' | undefined> {
    if (memory === undefined) return 'ERR_DPOP_NONCE'
    try {
      return (await this.#once.useProof(memory, value)) ? undefined : 'ERR_DPOP_PROOF'
    } catch (error) {
      if (isCodedError(error) && error.code === 'ERR_STORE_AWAY') return 'ERR_DPOP_NONCE'
      throw error
    }
  }

  /** The address in front of the path of this request, if it is one of this hub. */
  #hubOf(url: string, path: string): string | undefined {
    const at = url.lastIndexOf('/v1/')
    if (at < 0 || !isSamePath(url.slice(at), path)) return undefined
    const hub = url.slice(0, at)
    return this.#addresses.has(hub) ? hub : undefined
  }
}

/** A fixed length, whatever its maker wrote; and nobody can use up the ids of another's proofs. */
function valueOf(thumbprint: string, proofId: string): string {
  return encodeBase64url(sha256(new TextEncoder().encode(`${thumbprint}\n${proofId}`)))
}
