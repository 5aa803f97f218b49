// SPDX-License-Identifier: GPL-3.0-or-later
/** Answers that did not come: what was asked for is looked for, and never asked for a second time. */
import { isCodedError } from '@sallyport/sdk'

/** Codes that say that there is no answer of Proxmox VE, so that it is open whether a request arrived. */
export const LOST: ReadonlySet<string> = new Set([
  'ERR_ENDPOINT_ANSWER',
  'ERR_ENDPOINT_UNREACHABLE',
  'ERR_LIMIT',
  'ERR_PVE_ANSWER',
  'ERR_PVE_NODE_OFFLINE',
])

/** Makes one request; when its answer is lost, `confirm` looks whether it happened, and throws when it did not. */
export async function orConfirm(
  act: () => Promise<unknown>,
  confirm: () => Promise<unknown>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isCodedError(error) || !LOST.has(error.code)) throw error
    await confirm()
  }
}
