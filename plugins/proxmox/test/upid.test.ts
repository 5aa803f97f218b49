// SPDX-License-Identifier: GPL-3.0-or-later
/** Names of tasks and how they ended. */
import { describe, expect, it } from '@jest/globals'
import { outcomeOf, parseUpid } from '../src/upid.ts'

describe('the name of a task', () => {
  it('has its parts', () => {
    const text = 'UPID:pve-1:0000C346:165A0CE4:68D7279C:vzdump:101:backup@pve!nightly:'
    expect(parseUpid(text)).toEqual({
      text,
      node: 'pve-1',
      pid: 0xc346,
      pstart: 0x165a0ce4,
      startTime: 0x68d7279c,
      type: 'vzdump',
      id: '101',
      user: 'backup@pve!nightly',
    })
  })

  it.each([
    'UPID:pve:0000C346:165A0CE4:68D7279C:aptupdate::root@pam:',
    'UPID:pve:000934AF:FFFFFFFFF:68BF3A41:some-type:100:root@pam:',
    'UPID:pve:00000798:000096A1:5FBE5DD9:imgdel:100@local:root@pam:',
  ])('may be %s', (text) => {
    expect(parseUpid(text).text).toBe(text)
  })

  it.each([
    'UPID:pve:0000C346:165A0CE4:68D7279C:broken type:100:root@pam:',
    'UPID:pve:0000C346:165A0CE4:68D7279C:qmstart:100:root@pam',
    'UPID:pve:0000C346:165A0CE4:68D7279C:qmstart:../100:root@pam:',
    'UPID:-pve:0000C346:165A0CE4:68D7279C:qmstart:100:root@pam:',
    'UPID:pve:0000C346:165A0CE4:68D7279C:00000000:qmstart:100:root@pam:',
    'invalid garbage',
    '',
    null,
    101,
    { upid: 'x' },
  ])('is not %j', (given) => {
    expect(() => parseUpid(given)).toThrow(expect.objectContaining({ code: 'ERR_PVE_UPID' }))
  })
})

describe('the end of a task', () => {
  it.each([
    ['OK', { kind: 'ok' }],
    ['WARNINGS: 42', { kind: 'warnings', count: 42 }],
    ['unexpected status', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
    [undefined, { kind: 'unknown' }],
    ['job errors', { kind: 'failed', why: 'job errors' }],
    ['WARNINGS: many', { kind: 'failed', why: 'WARNINGS: many' }],
    ['OK, almost', { kind: 'failed', why: 'OK, almost' }],
  ])('%j is read', (status, outcome) => {
    expect(outcomeOf(status)).toEqual(outcome)
  })
})
