// SPDX-License-Identifier: Apache-2.0
/** The line by which a person hands their public keys to others of a site. Nothing in it is secret; who sent it is for people to make sure of. */
import { readFile } from 'node:fs/promises'
import { parseSealingPublicKey, parseSigningPublicKey } from '@sallyport/core/crypto'
import { Bytes32, Name } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Public keys of one person, publisher or hub. */
export interface IdentityLine {
  readonly name: string
  readonly signingKey: string
  readonly sealingKey: string | null
  /** The root key and the key of the recovery code, where there are such. */
  readonly rootKeys: readonly string[]
}

const PREFIX = 'sallyport-identity-1'
const NONE = '-'
const MAX_LINE = 1_024

/** Writes the line: `sallyport-identity-1 ben <signing> <sealing> <root> <recovery>`. */
export function identityLine({ name, signingKey, sealingKey, rootKeys }: IdentityLine): string {
  const [root = NONE, recovery = NONE] = rootKeys
  return [PREFIX, name, signingKey, sealingKey ?? NONE, root, recovery].join(' ')
}

/**
 * Reads a line, a file that holds one, or `name:key` for somebody who has no more than one key.
 *
 * Throws: ERR_IDENTITY_LINE, and the errors of the file system.
 */
export async function readIdentityLine(typed: string): Promise<IdentityLine> {
  const [name = '', key = '', ...more] = typed.split(':')
  if (more.length === 0 && Name.safeParse(name).success && Bytes32.safeParse(key).success) {
    return checked({ name, signingKey: key, sealingKey: null, rootKeys: [] })
  }
  if (typed.startsWith(`${PREFIX} `)) return parseLine(typed)
  return parseLine((await readFile(typed, 'utf8')).slice(0, MAX_LINE))
}

function parseLine(text: string): IdentityLine {
  const [prefix, name = '', signingKey = '', sealing = '', root = '', recovery = '', ...more] = text
    .trim()
    .split(/\s+/)
  if (prefix !== PREFIX || more.length > 0 || recovery === '') throw wrong('not an identity line')
  const rootKeys = [root, recovery].filter((key) => key !== NONE)
  return checked({ name, signingKey, sealingKey: sealing === NONE ? null : sealing, rootKeys })
}

function checked(identity: IdentityLine): IdentityLine {
  const { name, signingKey, sealingKey, rootKeys } = identity
  if (!Name.safeParse(name).success) throw wrong('its name is none')
  try {
    for (const key of [signingKey, ...rootKeys]) parseSigningPublicKey(key)
    if (sealingKey !== null) parseSealingPublicKey(sealingKey)
  } catch (cause) {
    throw wrong('a key in it cannot be used', cause)
  }
  if (new Set([signingKey, ...rootKeys]).size === 1 + rootKeys.length) return identity
  throw wrong('a key in it stands twice')
}

function wrong(why: string, cause?: unknown): Problem {
  return new Problem('ERR_IDENTITY_LINE', `this is no identity: ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy:
      'Give the file or the whole line that the person got from it, or <name>:<key> for a publisher or a hub:',
    commands: ['sallyport init --join <site file> --name <name>'],
    cause,
  })
}
