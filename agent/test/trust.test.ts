// SPDX-License-Identifier: Apache-2.0
/** An enrolment counts only when the operator the code vouches for has signed it. */
import { describe, expect, it } from '@jest/globals'
import {
  fingerprintOf,
  makeIdentity,
  publicIdentity,
  signDocument,
  type Identity,
} from '@sallyport/core/crypto'
import { documents, encodeBase64url } from '@sallyport/core/protocol'
import { verifyEnrolment } from '../src/trust.ts'

const operator = makeIdentity('ops-1', new Uint8Array(64).fill(1))
const hostile = makeIdentity('ops-2', new Uint8Array(64).fill(2))
const vouched = fingerprintOf(operator.signing.publicKey)
const ID = '01890000-0000-7000-8000-000000000001'

function enrolment(operators: Identity[], by: Identity): Uint8Array {
  const document = {
    enrolmentId: ID,
    siteId: ID,
    agentId: ID,
    agentName: 'pve1',
    operators: operators.map(publicIdentity),
    issuedAt: '2026-03-01T12:00:00.000Z',
    expiresAt: '2026-03-01T13:00:00.000Z',
  }
  return signDocument(documents.enrolment, document, by.signing)
}

describe('an enrolment', () => {
  it('by the vouched operator is believed, with every operator it names', () => {
    const { trust, operatorReaders } = verifyEnrolment(
      enrolment([hostile, operator], operator),
      vouched,
    )
    expect(trust.withRole('operator').map((key) => key.name)).toEqual(['ops-2', 'ops-1'])
    expect(operatorReaders).toContain(encodeBase64url(operator.sealing.publicKey))
  })

  it('by an operator nobody vouches for is refused, though it names itself', () => {
    expect(() => verifyEnrolment(enrolment([hostile], hostile), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('that only names the vouched operator, but is signed by another it names, is refused', () => {
    expect(() => verifyEnrolment(enrolment([operator, hostile], hostile), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })

  it('with one altered byte is refused', () => {
    const bytes = enrolment([operator], operator)
    const text = Buffer.from(bytes).toString('utf8')
    const altered = text.replace(/"sig":"(.)/, (_all, first: string) => {
      return `"sig":"${first === 'A' ? 'B' : 'A'}`
    })
    expect(() => verifyEnrolment(Buffer.from(altered), vouched)).toThrowCode(
      'ERR_ENROLMENT_UNTRUSTED',
    )
  })
})
