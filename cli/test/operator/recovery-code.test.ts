// SPDX-License-Identifier: Apache-2.0
/** A recovery code is one root key, typed in any manner, and a typing error is no other key. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { makeRecoveryCode, recoveryIdentityOf } from '../../src/operator/recovery-code.ts'

const code = makeRecoveryCode(new Uint8Array(16).fill(7))

const recoveryKeyOf = (typed: string): { keyId: string } => recoveryIdentityOf(typed).signing

describe('a recovery code', () => {
  it('has eight groups of four behind its prefix, and always gives the same key', () => {
    expect(code).toMatch(/^SR1(-[0-9A-HJKMNP-TV-Z]{4}){8}$/)
    expect(recoveryKeyOf(code).keyId).toBe('cO24EuCuj1-3LQbCNMK0OgRtDWCnA1TVMhxvFHT9Gv4')
    expect(recoveryIdentityOf(code).sealing.keyId).toBe(
      'vCenLmA-jpXyXgrHTiqsI3bS0Z3nrTUH8ttTMS8oWMQ',
    )
    const other = recoveryKeyOf(makeRecoveryCode(randomBytes(16)))
    expect(other.keyId).not.toBe(recoveryKeyOf(code).keyId)
  })

  it('is read in any case, with spaces for hyphens, and letters for the numbers they look like', () => {
    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
    expect(recoveryKeyOf(typed).keyId).toBe(recoveryKeyOf(code).keyId)
  })

  it('is refused with a typing error in any of its digits', () => {
    for (let at = 4; at < code.length; at += 1) {
      if (code[at] === '-') continue
      const wrong = code.slice(0, at) + (code[at] === '7' ? '8' : '7') + code.slice(at + 1)
      expect(() => recoveryKeyOf(wrong)).toThrowCode('ERR_RECOVERY_CODE')
    }
  })

  it('is never quoted by the refusal of what is none', () => {
    for (const text of ['', 'SR1', `${code}A`, code.slice(0, -1), code.replace('SR1', 'SP1')]) {
      expect(() => recoveryKeyOf(text)).toThrowCode('ERR_RECOVERY_CODE')
      expect(() => recoveryKeyOf(text)).toThrow(/^(?!.*-[0-9A-Z]{4}-)/)
    }
  })

  it('is made of 16 bytes and of no fewer', () => {
    expect(() => makeRecoveryCode(new Uint8Array(15))).toThrow(RangeError)
  })
})
