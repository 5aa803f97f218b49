// SPDX-License-Identifier: Apache-2.0
/** The line by which a person hands their public keys to others of a site. Nothing in it is secret; who sent it is for people to make sure of. */
import { readFile } from 'node:fs/promises'
import { parseSealingPublicKey, parseSigningPublicKey } from '@sallyport/core/crypto'
import { Bytes32, Name } from '@sallyport/core/protocol'
import type { RootKey } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** Public keys of one person, publisher or hub. */
export interface IdentityLine {
  readonly name: string
  readonly signingKey: string
  readonly sealingKey: string | null
  /** The root key and that of the recovery code, where there are such. */
  readonly rootKeys: readonly Pick<RootKey, 'signingKey' | 'sealingKey'>[]
}

const PREFIX = 'sallyport-identity-1'
const NONE = '-'
const MAX_LINE = 1_024

/** Writes the line: `sallyport-identity-1 ben <signing> <sealing> <root> <recovery> <recovery sealing>`. */
export function identityLine({ name, signingKey, sealingKey, rootKeys }: IdentityLine): string {
  const [root, recovery] = rootKeys
  const keys = [
    signingKey,
    sealingKey,
    root?.signingKey,
    recovery?.signingKey,
    recovery?.sealingKey,
  ]
  return [PREFIX, name, ...keys.map((key) => key ?? NONE)].join(' ')
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
  const [prefix, name = '', signingKey = '', ...rest] = text.trim().split(/\s+/)
  if (prefix !== PREFIX || rest.length !== 4) throw wrong('not an identity line')
  const [sealingKey, root, recovery, recoverySealing] = rest.map((key) =>
    key === NONE ? null : key,
  )
  const rootKeys = [
    ...(root == null ? [] : [{ signingKey: root, sealingKey: null }]),
    ...(recovery == null ? [] : [{ signingKey: recovery, sealingKey: recoverySealing ?? null }]),
  ]
  return checked({ name, signingKey, sealingKey: sealingKey ?? null, rootKeys })
}

function checked(identity: IdentityLine): IdentityLine {
  const { name, signingKey, sealingKey, rootKeys } = identity
  if (!Name.safeParse(name).success) throw wrong('its name is none')
  const signing = [signingKey, ...rootKeys.map((key) => key.signingKey)]
  try {
    for (const key of signing) parseSigningPublicKey(key)
    for (const key of [sealingKey, ...rootKeys.map((each) => each.sealingKey)]) {
      if (key !== null) parseSealingPublicKey(key)
    }
  } catch (cause) {
    throw wrong('a key in it cannot be used', cause)
  }
  if (new Set(signing).size === signing.length) return identity
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
