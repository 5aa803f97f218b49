// SPDX-License-Identifier: Apache-2.0
/** Errors of every origin as problems with exit code and remedy. */
import { CodedError, JobFailed } from '@sallyport/sdk'
import { describe, expect, it } from '@jest/globals'
import { problemOf } from '../../src/output/known-problems.ts'
import { PLAIN } from '../../src/output/paint.ts'
import { Problem, problemJson } from '../../src/output/problem.ts'
import { problemScreen, stackOf } from '../../src/output/problem-screen.ts'

function refusedByHub(status: number, code: string): CodedError {
  return new CodedError('ERR_HUB_REFUSED', 'no', { details: { status, code, correlationId: 'c1' } })
}

describe('an error', () => {
  it.each([
    ['ERR_HUB_UNREACHABLE', 4],
    ['ERR_HUB_TIMEOUT', 4],
    ['ERR_PASSPHRASE', 3],
    ['ERR_STATE_LOCKED', 3],
    ['ERR_CODE_CHECKSUM', 2],
    ['ERR_RESULT_UNVERIFIED', 5],
    ['ERR_STORE_CORRUPT', 1],
  ])('with %s ends with %d and has a remedy', (code, exit) => {
    const problem = problemOf(new CodedError(code, 'it happened'))
    expect(problem).toMatchObject({ code, exit, message: 'it happened' })
    expect(problem.remedy).not.toBe('')
    expect(problem.unharmed).not.toBe('')
  })

  it('of the hub is refused or failed by its status, with the remedy of its own code', () => {
    const problem = problemOf(refusedByHub(409, 'ERR_QUEUE_FULL'))
    expect(problem).toMatchObject({
      exit: 3,
      details: { code: 'ERR_QUEUE_FULL', correlationId: 'c1' },
    })
    expect(problem.remedy).toContain('agent list')
    expect(problemOf(refusedByHub(500, 'ERR_INTERNAL')).exit).toBe(1)
  })

  it('of the file system names the path', () => {
    const error = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/k' })
    expect(problemOf(error)).toMatchObject({
      code: 'EACCES',
      exit: 1,
      message: 'open failed on /k',
    })
  })

  it.each([
    new Error('surprise'),
    new TypeError('x'),
    new CodedError('ERR_NEVER_HEARD_OF', 'x'),
    'text',
    undefined,
  ])('that nobody foresaw is a bug: %s', (error) =>
    expect(problemOf(error)).toMatchObject({ code: 'ERR_BUG', exit: 70 }),
  )

  it('keeps a remedy of its own out of the details', () => {
    const error = new CodedError('ERR_NOT_ENROLLED', 'x', { details: { remedy: 'r', path: '/p' } })
    expect(problemOf(error).details).toEqual({ path: '/p' })
  })
})

describe('the error screen', () => {
  const problem = new Problem('ERR_X', 'it\u001b[31m broke', {
    exit: 1,
    details: { place: 'here\u202e', absent: undefined, list: ['a'] },
    unharmed: 'Nothing was changed.',
    remedy: 'Do this:',
    commands: ['sallyport doctor'],
  })

  it('has what, why, what is unharmed and what to do, and nothing that steers a terminal', () => {
    expect(problemScreen(problem, PLAIN, 60).split('\n')).toEqual([
      `${'it\\u{1b}[31m broke'.padEnd(60 - '(ERR_X)'.length)}(ERR_X)`,
      '  place  here\\u{202e}',
      '  list   ["a"]',
      'Nothing was changed. Do this:',
      '  sallyport doctor',
    ])
  })

  it('is code, message, details and remedy as JSON', () => {
    expect(problemJson(problem)).toEqual({
      code: 'ERR_X',
      message: 'it\u001b[31m broke',
      details: { place: 'here\u202e', list: ['a'] },
      remedy: 'Do this: sallyport doctor',
    })
  })

  it('shows causes for --debug, with hidden characters shown', () => {
    const cause = new JobFailed('ERR_Y', 'inner\u001b')
    const text = stackOf(new CodedError('ERR_Z', 'outer', { cause }))
    expect(text).toMatch(/outer[\s\S]*caused by[\s\S]*inner\\u\{1b\}/)
  })
})
