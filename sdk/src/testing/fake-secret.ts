// SPDX-License-Identifier: Apache-2.0
/** A bound secret. */
import type { SecretReader } from '../handles.ts'
import { makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/**
 * A `secret` handle with this value.
 *
 * @example
 * fakeSecret('open sesame')
 */
export function fakeSecret(value: string): Fake<'secret'> {
  return makeFake('secret', (record, scope): SecretReader => ({
    read: () => record('read', scope?.binding ?? '', () => value),
  }))
}
