// SPDX-License-Identifier: Apache-2.0
/** A recovery that has begun: new keys and the root that names them, kept so that a retry goes on with the same. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { open, openRoot, publicIdentity, seal } from '@sallyport/core/crypto'
import type { Identity, SignedRoot, SigningKey } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { encodeSiteFile } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import { z } from 'zod'
import type { Home } from '../home.ts'
import { lockedIdentity, unlockOperator } from '../operator/identity.ts'
import { keepNameKey } from '../operator/name-key.ts'
import { readRecord, writeRecord } from '../operator/records.ts'
import { RECOVERY_SECRET_BYTES, makeRecoveryCode } from '../operator/recovery-code.ts'
import { keepRootKey, lockedRootKey, unlockRootKey } from '../operator/root-key.ts'
import { Settings } from '../operator/site.ts'

/** What a recovery makes. */
export interface Attempt {
  readonly identity: Identity
  readonly rootKey: SigningKey
  readonly recoveryCode: string
}

/** The same with the bytes of its key files. */
export interface NewAttempt extends Attempt {
  readonly boxes: { readonly keys: Uint8Array; readonly rootKey: Uint8Array }
}

/** An attempt that was kept, and the envelope of the root that names its keys. */
export interface KeptAttempt extends Attempt {
  readonly envelope: Uint8Array
}

const Kept = z.strictObject({
  format: z.literal('sallyport-recovery-1'),
  /** DSSE envelope of the root, base64url. */
  root: z.base64url().max(256 * 1_024),
  /** The new recovery code, sealed to the new keys: it has to be shown once the root stands. */
  sealedCode: z.string().max(4_096),
})

const MAX_SEALED_CODE = 4_096

/** New keys of a holder, which nobody has kept yet. */
export function makeAttempt(holder: string, passphrase: Secret): NewAttempt {
  const { identity, box } = lockedIdentity(holder, passphrase)
  const rootKey = lockedRootKey(holder, passphrase)
  const recoveryCode = makeRecoveryCode(randomBytes(RECOVERY_SECRET_BYTES))
  const boxes = { keys: box, rootKey: rootKey.box }
  return { identity, rootKey: rootKey.signing, recoveryCode, boxes }
}

/** Whether a recovery began in this home and has not ended. */
export function hasAttempt(home: Home): boolean {
  return existsSync(pathOf(home))
}

/**
 * Keeps keys, site and root. Why before the root is published: a root whose keys nobody kept would be worth nothing.
 *
 * Why its own record first: a home with keys and without it belongs to somebody.
 */
export async function keepAttempt(
  home: Home,
  { identity, recoveryCode, boxes }: NewAttempt,
  {
    envelope,
    site,
    url,
    nameKey,
  }: { envelope: Uint8Array; site: Pick<SignedRoot, 'envelope'>; url: string; nameKey: Uint8Array },
): Promise<void> {
  const { writeDurably, writeKeyFile } = await import('@sallyport/core/stores')
  const { operator } = home
  await mkdir(operator.folder, { recursive: true, mode: 0o700 })
  const code = new TextEncoder().encode(recoveryCode)
  await writeRecord(pathOf(home), Kept, {
    format: 'sallyport-recovery-1',
    root: encodeBase64url(envelope),
    sealedCode: await seal(code, [identity.sealing.publicKey]),
  })
  await keepNameKey(home, nameKey)
  await writeRecord(operator.settings, Settings, { format: 'sallyport-settings-1', hub: url })
  await keepRootKey(home, boxes.rootKey, { isReplacing: true })
  writeKeyFile(operator.keys, boxes.keys, { mustBeNew: false })
  writeDurably(operator.site, encodeSiteFile(site.envelope), { mustBeNew: false })
}

/**
 * Opens what an attempt kept; undefined when it was cut off before all of it was there.
 *
 * Throws: ERR_PASSPHRASE, ERR_RECORD_FORM, ERR_KEY_FILE_….
 */
export async function readAttempt(
  home: Home,
  passphrase: () => Promise<Secret>,
): Promise<KeptAttempt | undefined> {
  const kept = await readRecord(pathOf(home), Kept)
  const { keys, rootKey } = home.operator
  if (kept === undefined || !existsSync(keys) || !existsSync(rootKey)) return undefined
  const identity = await unlockOperator(home, passphrase)
  const signing = await unlockRootKey(home, passphrase)
  const envelope = decodeBase64url(kept.root)
  const named = new Set(openRoot(envelope).root.keys.map(({ signingKey }) => signingKey))
  const own = [publicIdentity(identity).signingKey, encodeBase64url(signing.publicKey)]
  const code = await openCode(kept.sealedCode, identity)
  if (code === undefined || !own.every((key) => named.has(key))) return undefined
  return { identity, rootKey: signing, recoveryCode: code, envelope }
}

/** Forgets it: its root stands. */
export async function endAttempt(home: Home): Promise<void> {
  await rm(pathOf(home), { force: true })
}

async function openCode(sealed: string, { sealing }: Identity): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await open(sealed, sealing, MAX_SEALED_CODE))
  } catch (error) {
    if (isCodedError(error)) return undefined
    throw error
  }
}

function pathOf({ operator }: Home): string {
  return join(operator.folder, 'recovery.json')
}
