// SPDX-License-Identifier: GPL-3.0-or-later
/** Answers that did not come: what was asked for is looked for, and never asked for a second time. */
import { isLost } from './errors.ts'

/** Makes one request; when its answer is lost, `confirm` looks whether it happened, and throws when it did not. */
export async function orConfirm(
  act: () => Promise<unknown>,
  confirm: () => Promise<unknown>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isLost(error)) throw error
    await confirm()
  }
}
