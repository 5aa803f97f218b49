// SPDX-License-Identifier: Apache-2.0
/** Permission kind `ssh`: not served yet. */
import type { BrokerKind } from '../contract.ts'

/** Refuses every call until it is served. */
export const ssh: BrokerKind<'ssh'> = {
  methods: ['open', 'identity', 'sign'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
