// SPDX-License-Identifier: Apache-2.0
/** The people of a site by its trust root: who signs as what, who reads what, and who oneself is. */
import { keyIdOf } from '@sallyport/core/crypto'
import type { TrustedKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Operator } from './operator.ts'

/** Readers that a document names. */
export const MAX_DOCUMENT_READERS = 16

/** Someone who signs and reads: an operator or a customer. */
export interface Person {
  readonly name: string
  readonly role: 'operator' | 'customer'
  readonly keyId: string
  /** X25519, base64url; null where they read nothing that is sealed. */
  readonly sealingKey: string | null
  /** What concerns a customer. */
  readonly concerns: readonly string[]
}

/** The people whose keys count at this moment, operators first. */
export function peopleOf({ site, trust }: Pick<Operator, 'site' | 'trust'>): Person[] {
  return site.root.root.keys
    .flatMap(({ holder, role, signingKey, sealingKey, concerns }): Person[] => {
      if (role !== 'operator' && role !== 'customer') return []
      const keyId = keyIdOf(decodeBase64url(signingKey))
      if (trust.find(keyId) === undefined) return []
      return [{ name: holder, role, keyId, sealingKey, concerns }]
    })
    .sort((a, b) => (a.role === b.role ? 0 : a.role === 'operator' ? -1 : 1))
}

/** Oneself, as the others of the site believe it. Throws: ERR_NOT_IN_SITE when the own key counts no more. */
export function selfOf({ identity, trust, site }: Operator): TrustedKey {
  const self = trust.find(identity.signing.keyId)
  if (self !== undefined && (self.role === 'operator' || self.role === 'customer')) return self
  throw new Problem('ERR_NOT_IN_SITE', `your key does not count for ${site.name} any more`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'It has ended or was removed from the trust root; ask for a place in it:',
    commands: ['sallyport trust show'],
  })
}

/**
 * Sealing keys of the people who are to read a document: all operators, oneself, and with `customers` all customers, as
 * far as there is room beside the agent.
 */
export function readersAmongPeople(
  operator: Operator,
  { customers }: { readonly customers: boolean },
): string[] {
  const own = encodeBase64url(operator.identity.sealing.publicKey)
  const others = peopleOf(operator).filter(({ role }) => role === 'operator' || customers)
  const keys = [own, ...operator.readers, ...others.map(({ sealingKey }) => sealingKey)]
  return [...new Set(keys.filter((key) => key !== null))].slice(0, MAX_DOCUMENT_READERS - 1)
}
