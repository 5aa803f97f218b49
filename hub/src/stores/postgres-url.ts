// SPDX-License-Identifier: Apache-2.0
/** Addresses of a PostgreSQL database: one, or several of which one is the primary at any moment. */
import { CodedError } from '@sallyport/sdk'

const PARTS = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?]*)(\/[^?]+(?:\?.*)?)$/

/**
 * Splits `postgres://user@a:5432,b:5432/name` into one address for each of its hosts.
 *
 * Throws: ERR_USAGE when it is no such address. Its text is not repeated: it may hold a password.
 */
export function splitPostgresUrl(text: string): [string, ...string[]] {
  const [, before, hosts, after] = PARTS.exec(text) ?? []
  const [first, ...others] = (hosts ?? '').split(',').map((host) => `${before}${host}${after}`)
  if (before !== undefined && first !== undefined) return [first, ...others]
  throw new CodedError(
    'ERR_USAGE',
    '--database must be an address like postgres://hub@db.example:5432/sallyport',
  )
}
