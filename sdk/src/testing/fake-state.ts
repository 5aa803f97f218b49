// SPDX-License-Identifier: Apache-2.0
/** A state store in memory, with the quota of its permission. */
import { CodedError } from '../errors.ts'
import type { StateStore } from '../handles.ts'
import { byteLength, makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/**
 * A `state` handle over a map; runs that share the fake share the values.
 *
 * @example
 * const cache = fakeState({ last: '12' })
 * await cache.get('last') // '12'
 */
export function fakeState(initial: Readonly<Record<string, string>> = {}): Fake<'state'> {
  const values = new Map(Object.entries(initial))
  return makeFake('state', (record, scope): StateStore => ({
    get: (key) => record('get', key, () => values.get(key)),
    set: (key, value) =>
      record('set', key, () => {
        const after = new Map(values).set(key, value)
        expectWithin(scope?.maxBytes ?? Infinity, after)
        values.set(key, value)
      }),
    delete: (key) => record('delete', key, () => void values.delete(key)),
    keys: () => record('keys', '', () => [...values.keys()].sort()),
  }))
}

function expectWithin(maxBytes: number, values: ReadonlyMap<string, string>): void {
  let usedBytes = 0
  for (const [key, value] of values) usedBytes += byteLength(key) + byteLength(value)
  if (usedBytes > maxBytes)
    throw new CodedError('ERR_LIMIT', `more than ${maxBytes} bytes of state`)
}
