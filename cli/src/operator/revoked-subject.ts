// SPDX-License-Identifier: Apache-2.0
/** What a command line says is to be revoked, as the document names it. */
import { parseSigningPublicKey } from '@sallyport/core/crypto'
import { Digest } from '@sallyport/core/protocol'
import { PLUGIN_NAME } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { publisherKeyId } from '../publisher/identity.ts'
import { knownPublishers } from '../publisher/known.ts'
import type { RevokedSubject } from './revocations.ts'

/** As typed; exactly one is there. */
export interface TypedSubject {
  readonly name: string | undefined
  readonly digest: string | undefined
  readonly publisher: string | undefined
}

/** The subject. Throws: ERR_USAGE, ERR_PUBLISHER_UNKNOWN. */
export async function subjectOf(home: Home, typed: TypedSubject): Promise<RevokedSubject> {
  const { name, digest, publisher } = typed
  const count = [name, digest, publisher].filter((each) => each !== undefined).length
  if (count !== 1) throw usage('name one of a plugin, --digest and --publisher')
  if (name !== undefined) {
    if (!PLUGIN_NAME.test(name)) throw usage(`${JSON.stringify(name)} is not the name of a plugin`)
    return { plugin: name }
  }
  if (digest !== undefined) {
    if (Digest.safeParse(digest).success) return { digest }
    throw usage('--digest is not a whole digest, sha256:<64 hexadecimal digits>')
  }
  return { publisherKey: await publisherKeyOf(home, publisher!) }
}

/**
 * The key that a key or a fingerprint stands for.
 *
 * Why: a short fingerprint is only looked up among publishers that are known, and must fit exactly one of them.
 */
async function publisherKeyOf(home: Home, typed: string): Promise<string> {
  const known = (await knownPublishers(home)).map((each) => ({
    ...each,
    keyId: publisherKeyId(each),
  }))
  const isFingerprint = typed.startsWith('SHA256:')
  const wanted = isFingerprint ? typed.slice('SHA256:'.length) : typed
  const found = known.filter(
    ({ key, keyId }) =>
      (!isFingerprint && key === typed) ||
      keyId === wanted ||
      (wanted.length >= 8 && isFingerprint && keyId.startsWith(wanted)),
  )
  if (found.length === 1) return found[0]!.key
  if (found.length > 1) throw unknown(`${typed} fits ${found.length} publishers`)
  if (!isFingerprint && isKey(typed)) return typed
  throw unknown(`no publisher has the key ${JSON.stringify(typed)}`)
}

function isKey(text: string): boolean {
  try {
    return parseSigningPublicKey(text).length > 0
  } catch {
    return false
  }
}

function unknown(why: string): Problem {
  return new Problem('ERR_PUBLISHER_UNKNOWN', why, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Give the whole key; the publishers you have approved are in:',
    commands: ['sallyport plugin list --json'],
  })
}

function usage(message: string): Problem {
  return new Problem('ERR_USAGE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'See what there is to revoke:',
    commands: ['sallyport plugin list'],
  })
}
