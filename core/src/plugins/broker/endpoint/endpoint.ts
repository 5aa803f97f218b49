// SPDX-License-Identifier: Apache-2.0
/** Permission kind `endpoint`: not served yet. */
import type { BrokerKind } from '../contract.ts'

/** Refuses every call until it is served. */
export const endpoint: BrokerKind<'endpoint'> = {
  methods: ['request', 'open', 'read', 'close'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
