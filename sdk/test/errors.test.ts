// SPDX-License-Identifier: Apache-2.0
/** Errors keep their code and cause; secrets never print. */
import { format, inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { CodedError, JobFailed, Secret, isCodedError } from '../src/index.ts'

describe('Secret', () => {
  const secret = new Secret('s3cr3t')

  it.each([
    ['String', String(secret)],
    ['a template', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ secret }, { showHidden: true, depth: 9 })],
    ['format', format('%s %o %j', secret, secret, secret)],
    ['its own keys', Reflect.ownKeys(secret).join()],
  ])('does not appear in %s', (_way, text) => {
    expect(text).not.toContain('s3cr3t')
  })

  it('gives its value to those who ask for it by name', () => {
    expect(secret.reveal()).toBe('s3cr3t')
  })
})

describe('CodedError', () => {
  it('keeps code, details and cause', () => {
    const cause = new Error('below')
    const error = new CodedError('ERR_X', 'went wrong', { details: { path: '/a' }, cause })
    expect(error).toMatchObject({ code: 'ERR_X', details: { path: '/a' }, cause })
    expect(error.message).toBe('went wrong')
  })

  it('has no cause unless one is given', () => {
    expect('cause' in new CodedError('ERR_X', 'went wrong')).toBe(false)
  })

  it('is known by its shape, not by its class', () => {
    expect(isCodedError({ code: 'ERR_X', message: '' })).toBe(true)
    expect([null, 'ERR_X', { code: 1, message: '' }, { code: 'ERR_X' }].some(isCodedError)).toBe(
      false,
    )
  })
})

describe('JobFailed', () => {
  it('is not worth another try unless it says so', () => {
    expect(new JobFailed('ERR_X', 'no').retryable).toBe(false)
    expect(new JobFailed('ERR_X', 'no', { retryable: true }).retryable).toBe(true)
  })
})
