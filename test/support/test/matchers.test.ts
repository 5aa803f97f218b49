// SPDX-License-Identifier: Apache-2.0
/** The matchers accept what they name and nothing else. */
import { describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'

const coded = () => new CodedError('ERR_JSON_FORM', 'no JSON')
const fails = (assertion: () => unknown) => expect(assertion).toThrow(/^expected /)

describe('toRefuse', () => {
  it('accepts a refusal, and whatever carries one', () => {
    const refusal = { reason: 'expired', details: {} }
    expect(refusal).toRefuse('expired')
    expect({ admitted: false, refusal }).toRefuse('expired')
    expect({ state: 'refused', refusal }).toRefuse('expired')
  })

  it('fails on another reason, and on no refusal', () => {
    fails(() => expect({ reason: 'expired' }).toRefuse('replayed'))
    fails(() => expect({ admitted: true }).toRefuse('expired'))
    fails(() => expect(undefined).toRefuse('expired'))
    fails(() => expect({ reason: 'expired' }).not.toRefuse('expired'))
  })
})

describe('toThrowCode', () => {
  it('accepts a function that throws the code', () => {
    expect(() => {
      throw coded()
    }).toThrowCode('ERR_JSON_FORM')
  })

  it('accepts an async function and a promise that end in the code', async () => {
    await expect(() => Promise.reject(coded())).toThrowCode('ERR_JSON_FORM')
    await expect(Promise.reject(coded())).rejects.toThrowCode('ERR_JSON_FORM')
  })

  it('fails on another code, on none, and when nothing is thrown', async () => {
    fails(() =>
      expect(() => {
        throw coded()
      }).toThrowCode('ERR_JSON_SIZE'),
    )
    fails(() =>
      expect(() => {
        throw new Error('ERR_JSON_FORM')
      }).toThrowCode('ERR_JSON_FORM'),
    )
    fails(() => expect(() => undefined).toThrowCode('ERR_JSON_FORM'))
    await expect(async () => {
      await expect(() => Promise.resolve()).toThrowCode('ERR_JSON_FORM')
    }).rejects.toThrow(/^expected code ERR_JSON_FORM, got no code/)
  })
})
