// SPDX-License-Identifier: Apache-2.0
/** Generated files: what drift is, and what the API report shows. */
import { describe, expect, it } from '@jest/globals'
import { codesIn } from '../error-codes.ts'
import { isFresh } from '../generated.ts'
import { apiReport } from '../write-api.ts'
import { errorsPage } from '../write-errors.ts'

describe('a generated file', () => {
  it('is fresh when it is what its tool writes, byte for byte', () => {
    const { path, text } = errorsPage()
    expect(isFresh({ path, text })).toBe(true)
    expect(isFresh({ path, text: `${text} ` })).toBe(false)
  })

  it('is not fresh when it is missing', () => {
    expect(isFresh({ path: 'docs/no-such-page.md', text: '' })).toBe(false)
  })
})

describe('the API report', () => {
  const { text } = apiReport()

  it('shows each export of both entries as it is emitted, without comments', () => {
    expect(text).toContain('export declare class JobFailed extends CodedError {')
    expect(text).toContain('export declare function contractCases(')
    expect(text).not.toMatch(/^\s*(\/\*\*|\*)/m)
  })

  it('hides what the entries do not export', () => {
    expect(text).not.toContain('expectName')
  })
})

describe('the search for codes', () => {
  it('finds whole codes once, not beginnings and not the codes of vendors', () => {
    const text = `'ERR_JSON_FORM' or ERR_JSON_FORM, code.startsWith('ERR_HUB_'), UND_ERR_SOCKET, FST_ERR_CTP`
    expect(codesIn(text)).toEqual(['ERR_JSON_FORM'])
  })
})
