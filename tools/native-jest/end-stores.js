// SPDX-License-Identifier: Apache-2.0
/** Jest global tear-down: ends what `start-stores.js` started. */
import { STARTED_STORES } from '../../test/support/hub-stores.ts'

export default async function endStores() {
  for (const program of globalThis[STARTED_STORES]) await program[Symbol.asyncDispose]()
}
