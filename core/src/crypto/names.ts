// SPDX-License-Identifier: Apache-2.0
/** The names of a site behind pseudonyms: what a hub sees of people, customers' guests and the site itself. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import { TrustRoot, type BlindRoot } from '../protocol/authority.ts'
import { decodeBase64url } from '../protocol/base64url.ts'
import { encodeJson, parseJson } from '../protocol/json.ts'
import { describeIssue } from '../protocol/codec.ts'
import { hkdfSha256, hmacSha256 } from './digest.ts'
import type { SealingKey } from './keys.ts'
import { openUnderSecretNow } from './open-now.ts'
import { open } from './seal.ts'
import { sealNow, sealUnderSecretNow, type RandomBytes } from './seal-now.ts'

/** Bytes of the key under which a site's names are hidden. Random, made once with the site. */
export const NAME_KEY_BYTES = 32

/** What is named. Why part of the pseudonym: a person called like the site does not look like it. */
export type NameKind = 'site' | 'holder' | 'concern'

const PSEUDONYM_BYTES = 16
const OPENING_BYTES = 16
const MAX_SEALED_BYTES = 24_576
/** Roles whose keys are given the name key: whoever reads what the site seals. */
const READING_ROLES: readonly string[] = ['root', 'operator', 'customer']

const NameList = z.strictObject({
  siteName: z.string().max(63),
  holders: z.array(z.string().max(63)).max(64),
  concerns: z.array(z.string().max(80)).max(2_048),
})

/**
 * What shows one name to whoever is given it, and no other: 16 bytes, of which the pseudonym is made.
 *
 * Why a step between: a proof shows the names it is about to a third person, without the key to all of them.
 */
export function nameOpeningOf(nameKey: Uint8Array, kind: NameKind, name: string): Uint8Array {
  expectNameKey(nameKey)
  return mac(nameKey, `sallyport name opening v1\n${kind}\n${name}`).slice(0, OPENING_BYTES)
}

/** The pseudonym that an opening and a name make. */
export function pseudonymFrom(opening: Uint8Array, kind: NameKind, name: string): string {
  const hidden = mac(opening, `sallyport name v1\n${kind}\n${name}`)
  return Buffer.from(hidden.subarray(0, PSEUDONYM_BYTES)).toString('hex')
}

/** The pseudonym of a name. Throws: RangeError. */
export function pseudonymOf(nameKey: Uint8Array, kind: NameKind, name: string): string {
  return pseudonymFrom(nameOpeningOf(nameKey, kind, name), kind, name)
}

/**
 * Puts pseudonyms in the place of all names, and seals the names for the people of the root.
 *
 * Throws: ERR_KEY_FORM, ERR_KEY_WEAK, RangeError.
 */
export function blindRoot(root: TrustRoot, nameKey: Uint8Array, random: RandomBytes): BlindRoot {
  const hide = (kind: NameKind, name: string): string => pseudonymOf(nameKey, kind, name)
  const { siteName, keys } = root
  const holders = [...new Set(keys.map(({ holder }) => holder))].toSorted()
  const concerns = [...new Set(keys.flatMap((key) => key.concerns))].toSorted()
  const list = encodeJson({ siteName, holders, concerns })
  const readers = keys.flatMap(({ role, sealingKey }) => {
    return sealingKey !== null && READING_ROLES.includes(role) ? [sealingKey] : []
  })
  return {
    ...root,
    siteName: hide('site', siteName),
    keys: keys.map((key) => ({
      ...key,
      holder: hide('holder', key.holder),
      concerns: key.concerns.map((concern) => hide('concern', concern)),
    })),
    names: {
      list: sealUnderSecretNow(list, listKeyOf(nameKey), random),
      key: readers.length === 0 ? null : sealNow(nameKey, readers, random),
    },
  }
}

/**
 * Shows a root with its names.
 *
 * Trust: a name counts only where its pseudonym stands; the list may hold others, which are nothing.
 * Throws: ERR_ROOT_NAMES when the list does not open, or a name is missing in it, or is none.
 */
export function revealNames(root: BlindRoot, nameKey: Uint8Array): TrustRoot {
  const known = namesIn(root, nameKey)
  const show = (kind: NameKind, pseudonym: string): string => {
    const name = known.get(`${kind} ${pseudonym}`)
    if (name === undefined) throw unnamed(`it has no name for ${kind} ${pseudonym}`)
    return name
  }
  const { names: _, ...rest } = root
  const shown = TrustRoot.safeParse({
    ...rest,
    siteName: show('site', root.siteName),
    keys: root.keys.map((key) => ({
      ...key,
      holder: show('holder', key.holder),
      concerns: key.concerns.map((concern) => show('concern', concern)),
    })),
  })
  if (shown.success) return shown.data
  const { path, why } = describeIssue(shown.error)
  throw unnamed(`${path}: ${why}`)
}

/**
 * Opens the name key of a root with the sealing key of somebody who stands in it.
 *
 * Trust: whoever sealed it is the root's signers; that it is the right key shows when the names open.
 * Throws: ERR_ROOT_NAMES when there is none for this key.
 */
export async function openNameKey({ names }: BlindRoot, reader: SealingKey): Promise<Uint8Array> {
  if (names.key === null) throw unnamed('its name key is sealed to nobody')
  const nameKey = await open(names.key, reader, MAX_SEALED_BYTES).catch((cause: unknown) => {
    throw unnamed('its name key cannot be opened with this key', cause)
  })
  if (nameKey.length !== NAME_KEY_BYTES) throw unnamed('its name key has another size')
  return nameKey
}

/** The name key as a document has it. Throws: ERR_BASE64URL, RangeError. */
export function parseNameKey(text: string): Uint8Array {
  const nameKey = decodeBase64url(text)
  expectNameKey(nameKey)
  return nameKey
}

function namesIn({ names }: BlindRoot, nameKey: Uint8Array): Map<string, string> {
  const { siteName, holders, concerns } = openList(names.list, nameKey)
  const entry = (kind: NameKind) => (name: string) =>
    [`${kind} ${pseudonymOf(nameKey, kind, name)}`, name] as const
  return new Map([
    entry('site')(siteName),
    ...holders.map(entry('holder')),
    ...concerns.map(entry('concern')),
  ])
}

function openList(sealed: string, nameKey: Uint8Array): z.infer<typeof NameList> {
  try {
    const bytes = openUnderSecretNow(sealed, listKeyOf(nameKey), MAX_SEALED_BYTES)
    return NameList.parse(parseJson(bytes, MAX_SEALED_BYTES))
  } catch (cause) {
    throw unnamed('its list of names does not open', cause)
  }
}

function listKeyOf(nameKey: Uint8Array): Uint8Array {
  expectNameKey(nameKey)
  return hkdfSha256(nameKey, 'sallyport names v1', 32)
}

function mac(key: Uint8Array, text: string): Uint8Array {
  return hmacSha256(key, new TextEncoder().encode(text))
}

function expectNameKey(nameKey: Uint8Array): void {
  if (nameKey.length !== NAME_KEY_BYTES) throw new RangeError('a name key is 32 bytes')
}

function unnamed(why: string, cause?: unknown): CodedError<'ERR_ROOT_NAMES'> {
  return new CodedError('ERR_ROOT_NAMES', `the names of the trust root cannot be read: ${why}`, {
    details: { why },
    cause,
  })
}
