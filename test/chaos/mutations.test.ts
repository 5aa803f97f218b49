// SPDX-License-Identifier: Apache-2.0
/** Faults that can still be planted. That each is found takes minutes: `npm run chaos -- --mutations`. */
import { expect, it } from '@jest/globals'
import { mutate, sourceOf } from '../support/mutation.ts'
import { MUTATIONS } from './mutations.ts'

it.each(MUTATIONS)('$name: there is a place for it', (mutation) => {
  const source = sourceOf(mutation)
  expect(mutate(source, mutation)).not.toBe(source)
})
