// SPDX-License-Identifier: Apache-2.0
/** The publisher's identity: made once, kept apart from the operator's, locked under a passphrase of its own. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  IDENTITY_SEED_BYTES,
  keyIdOf,
  lockKeys,
  passphraseCost,
  makeIdentity,
  publicIdentity,
  readKeyFileIdentity,
  unlockKeys,
} from '@sallyport/core/crypto'
import type { Identity } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { Publication } from '@sallyport/core/protocol'
import type { Site } from '../operator/site.ts'
import type { Secret } from '@sallyport/sdk'
import { CodedError } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readChain } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** A publisher as publications and approvals name it. */
export type Publisher = Publication['publisher']

/** The id of a publisher's key, by which people compare it. */
export function publisherKeyId({ key }: Publisher): string {
  return keyIdOf(decodeBase64url(key))
}

/** Makes the identity from fresh random bytes. Throws: ERR_KEY_FILE_EXISTS. */
export async function makePublisher(
  home: Home,
  name: string,
  passphrase: Secret,
): Promise<Publisher> {
  // Commands that only read do not pay for loading the database.
  const { writeKeyFile } = await import('@sallyport/core/stores')
  const seed = randomBytes(IDENTITY_SEED_BYTES)
  const identity = publicIdentity(makeIdentity(name, seed))
  const once = { salt: randomBytes(16), iv: randomBytes(12) }
  const box = lockKeys(seed, passphrase, { identity, ...once, cost: passphraseCost(passphrase) })
  seed.fill(0)
  await mkdir(dirname(home.publisher.keys), { recursive: true, mode: 0o700 })
  writeKeyFile(home.publisher.keys, box, { mustBeNew: true })
  return { name, key: identity.signingKey }
}

/** The publisher of this home, from the header of its key file; undefined when there is none that can be read. */
export async function ownPublisher(home: Home): Promise<Publisher | undefined> {
  try {
    const { name, signingKey } = readKeyFileIdentity(await readFile(home.publisher.keys))
    return { name, key: signingKey }
  } catch {
    return undefined
  }
}

/** Refuses where there is no publisher, before a passphrase is asked for. Throws: ERR_NO_PUBLISHER. */
export function expectPublisher(home: Home): void {
  if (existsSync(home.publisher.keys)) return
  throw new Problem('ERR_NO_PUBLISHER', 'there is no publisher identity here yet', {
    exit: EXIT.failed,
    details: { 'looked for': home.publisher.keys },
    unharmed: 'Nothing was signed.',
    remedy: 'Make one; its name stands beside every plugin it signs:',
    commands: ['sallyport plugin keygen --name <name>'],
  })
}

/** Refuses where there is a publisher. Throws: ERR_PUBLISHER_EXISTS. */
export function expectNoPublisher(home: Home): void {
  if (!existsSync(home.publisher.keys)) return
  throw new Problem('ERR_PUBLISHER_EXISTS', 'there is a publisher identity here already', {
    exit: EXIT.refused,
    details: { keys: home.publisher.keys },
    unharmed: 'It was not touched.',
    remedy: 'Use it, or make another in its own home:',
    commands: ['sallyport plugin keygen --home <folder>'],
  })
}

/**
 * Opens the publisher's key file.
 *
 * Throws: ERR_PUBLISHER_KEY when the key is an operator's, ERR_PASSPHRASE, ERR_KEY_FILE_….
 */
export async function unlockPublisher(
  home: Home,
  passphrase: () => Promise<Secret>,
): Promise<Identity> {
  const { readKeyFile } = await import('@sallyport/core/stores')
  const box = readKeyFile(home.publisher.keys)
  const { identity, plaintext } = unlockKeys(box, await passphrase())
  const opened = makeIdentity(identity.name, plaintext)
  plaintext.fill(0)
  if (publicIdentity(opened).signingKey !== identity.signingKey) {
    throw new CodedError(
      'ERR_KEY_FILE_FORM',
      `${home.publisher.keys} holds other keys than it says`,
    )
  }
  await expectNoOperator(home, { name: identity.name, key: identity.signingKey })
  return opened
}

/**
 * Refuses a publisher's key that is an operator's.
 *
 * Why: whoever builds plugins must not be able to approve them, so one key never speaks in both roles.
 * Throws: ERR_PUBLISHER_KEY.
 */
export function expectNotOperators(publisher: Publisher, operators: Site['operators']): void {
  const operator = operators.find(({ signingKey }) => signingKey === publisher.key)
  if (operator !== undefined) throw operatorsKey(`operator ${operator.name}`)
}

async function expectNoOperator(home: Home, { key }: Publisher): Promise<void> {
  const chain = await readChain(home).catch(() => [])
  const keys = chain.at(-1)?.root.keys ?? []
  if (keys.some(({ role, signingKey }) => role === 'operator' && signingKey === key)) {
    throw operatorsKey('an operator')
  }
}

function operatorsKey(who: string): Problem {
  return new Problem('ERR_PUBLISHER_KEY', `the publisher's key is that of ${who}`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'A publisher signs with keys of its own; make them in a home of their own:',
    commands: ['sallyport plugin keygen --home <folder>'],
  })
}
