// SPDX-License-Identifier: Apache-2.0
/** The bindings on disk: one sealed, private file that is replaced whole. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openUnderSecretNow, sealUnderSecret } from '@sallyport/core/crypto'
import { readKeyFile, takeLock, writeKeyFile } from '@sallyport/core/stores'
import { CodedError, isCodedError, type Secret } from '@sallyport/sdk'
import { BINDINGS_LIMITS, encodeBindings, parseBindings, type Bindings } from './bindings-form.ts'

/** Size of the sealed file: base64url is a third longer than its bytes. */
const MAX_FILE_BYTES = Math.ceil((BINDINGS_LIMITS.maxBytes * 4) / 3) + 1_024

/** Time that one change of the file waits for another. */
const LOCK_WAIT_MS = 30_000
const LOCK_RETRY_MS = 20

/** Where the bindings lie, and the key they are sealed under. */
export interface BindingsPlace {
  readonly stateDir: string
  readonly key: Secret<Uint8Array>
}

/** The path of the file. */
export function bindingsPath(stateDir: string): string {
  return join(stateDir, 'bindings.json')
}

/**
 * Reads the bindings; none when there is no file.
 *
 * Trust: JWE (`dir`, A256GCM) under a key that only this agent's identity gives: the file of another agent, or one that
 * anyone altered, does not open. An older copy of the own file does.
 * Throws: ERR_BINDINGS_FILE.
 */
export function readBindings(place: BindingsPlace): { bindings: Bindings; sealed: string } {
  const path = bindingsPath(place.stateDir)
  if (!existsSync(path)) return { bindings: {}, sealed: '' }
  try {
    const bytes = readKeyFile(path, { maxBytes: MAX_FILE_BYTES })
    const sealed = Buffer.from(bytes).toString('latin1')
    const opened = openUnderSecretNow(sealed, place.key.reveal(), MAX_FILE_BYTES)
    return { bindings: parseBindings(opened), sealed }
  } catch (cause) {
    const why = isCodedError(cause) ? cause.code : 'unknown'
    const message = `${path} cannot be opened: ${isCodedError(cause) ? cause.message : why}`
    throw new CodedError('ERR_BINDINGS_FILE', message, { details: { path, why }, cause })
  }
}

/**
 * Changes the bindings, unless `change` returns them as they are. The change is durable when this resolves; a running
 * agent uses it from its next job on.
 *
 * Throws: ERR_BINDINGS_FILE, ERR_BINDING_FORM, ERR_STATE_LOCKED when others change them all the time, ERR_KEY_FILE_IO.
 * Why a lock of its own: the running agent holds that of the state directory, and two changes at once must both stay.
 */
export async function changeBindings(
  place: BindingsPlace,
  change: (bindings: Bindings) => Bindings,
): Promise<void> {
  using _lock = await waitForLock(join(place.stateDir, 'bindings.lock.db'))
  const { bindings } = readBindings(place)
  const changed = change(bindings)
  if (changed === bindings) return
  const sealed = await sealUnderSecret(encodeBindings(changed), place.key.reveal())
  writeKeyFile(bindingsPath(place.stateDir), Buffer.from(sealed), { maxBytes: MAX_FILE_BYTES })
}

async function waitForLock(file: string): Promise<Disposable> {
  const deadline = performance.now() + LOCK_WAIT_MS
  for (;;) {
    const lock = takeLock(file, 0)
    if (lock !== undefined) return lock
    if (performance.now() > deadline) {
      throw new CodedError('ERR_STATE_LOCKED', 'another process is changing the bindings')
    }
    await sleep(LOCK_RETRY_MS)
  }
}
