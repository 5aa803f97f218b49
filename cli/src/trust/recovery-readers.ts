// SPDX-License-Identifier: Apache-2.0
/** Who reads what must outlive a lost machine: the recovery codes of the site. */
import type { Operator } from '../operator/operator.ts'

/** Sealing keys of the recovery codes, base64url. */
export function recoveryReaders({ site }: Pick<Operator, 'site'>): string[] {
  return site.root.root.keys.flatMap(({ role, sealingKey }) => {
    return role === 'root' && sealingKey !== null ? [sealingKey] : []
  })
}
