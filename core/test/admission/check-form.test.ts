// SPDX-License-Identifier: Apache-2.0
/** Bad bytes are refused; a fault of our own is not taken for one. */
import { describe, expect, it } from '@jest/globals'
import { checkDocument, checkForm } from '../../src/admission/check-form.ts'
import { verifyApproval } from '../../src/admission/check-approval.ts'
import { documents, encodeBase64url, encodeJson, pae } from '../../src/protocol/index.ts'
import { makePorts, operator } from '../support/site.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('the form of bytes', () => {
  it('is refused with its reason when it is wrong', () => {
    expect(checkForm(bytes('{'))).toRefuse('malformed')
    expect(checkDocument(documents.job, bytes('{"a":1,"a":2}'))).toRefuse('duplicate_key')
    expect(checkDocument(documents.job, bytes(' '.repeat(120_000)))).toRefuse('too_large')
  })

  it('is not blamed for a fault of the program', () => {
    expect(() => checkForm(undefined as unknown as Uint8Array)).toThrow(TypeError)
  })
})

describe('a well signed approval', () => {
  it('of the wrong form is refused', () => {
    const payload = bytes('{"approvalId":1}')
    const { payloadType } = documents.approval
    const sig = encodeBase64url(operator.signing.sign(pae(payloadType, payload)))
    const signatures = [{ keyid: operator.signing.keyId, sig }]
    const envelope = encodeJson({ payloadType, payload: encodeBase64url(payload), signatures })
    expect(verifyApproval(envelope, makePorts())).toRefuse('malformed')
  })
})
