// SPDX-License-Identifier: Apache-2.0
/** Permission kind `ask`: not served yet. */
import type { BrokerKind } from './contract.ts'

/** Refuses every call until it is served. */
export const ask: BrokerKind<'ask'> = {
  methods: ['run'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
