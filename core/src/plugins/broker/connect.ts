// SPDX-License-Identifier: Apache-2.0
/** Permission kind `connect`: not served yet. */
import type { BrokerKind } from './contract.ts'

/** Refuses every call until it is served. */
export const connect: BrokerKind<'connect'> = {
  methods: ['open'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
