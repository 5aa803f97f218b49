// SPDX-License-Identifier: Apache-2.0
/** Which of the refusals of a schedule are only counted. */
import { expect, it } from '@jest/globals'
import { REPEATS_RECORDED_EVERY_MS, countedRefusal } from '../../src/runner/repeated-refusal.ts'

const AT = 1_000_000
const held = { reason: 'policy_missing', recordedAtMs: AT, count: 3 } as const

it('counts a refusal for the same reason within the hour after the one on record', () => {
  const counted = { ...held, count: 4 }
  expect(countedRefusal(held, 'policy_missing', AT)).toEqual(counted)
  expect(countedRefusal(held, 'policy_missing', AT + REPEATS_RECORDED_EVERY_MS - 1)).toEqual(
    counted,
  )
})

it('counts no first one, none for another reason, none after the hour, and none by a clock that went back', () => {
  expect(countedRefusal(null, 'policy_missing', AT)).toBeUndefined()
  expect(countedRefusal(held, 'isolated', AT)).toBeUndefined()
  expect(countedRefusal(held, 'policy_missing', AT + REPEATS_RECORDED_EVERY_MS)).toBeUndefined()
  expect(countedRefusal(held, 'policy_missing', AT - 1)).toBeUndefined()
})
