// SPDX-License-Identifier: Apache-2.0
/** Permission kind `secret`: not served yet. */
import type { BrokerKind } from './contract.ts'

/** Refuses every call until it is served. */
export const secret: BrokerKind<'secret'> = {
  methods: ['read'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
