// SPDX-License-Identifier: Apache-2.0
/** Folders for the time of a test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that goes with the scope. */
export async function temporaryFolder(scope: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-hub-'))
  scope.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}
