// SPDX-License-Identifier: Apache-2.0
/** Permission kind `files.write`: not served yet. */
import type { BrokerKind } from './contract.ts'

/** Refuses every call until it is served. */
export const filesWrite: BrokerKind<'files.write'> = {
  methods: ['write', 'remove'],
  open: () => ({}),
  target: () => '',
  suggest: () => undefined,
}
