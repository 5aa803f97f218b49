// SPDX-License-Identifier: Apache-2.0
/** The names that a proof shows to a third person, each with what proves it, and no others. */
import { keyIdOf, nameOpeningOf } from '@sallyport/core/crypto'
import type { NameKind, VerifiedRoot } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url, parseEnvelope } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'

/** A name and its opening, from which whoever has it makes the pseudonym of the roots again. */
export interface ShownName {
  readonly kind: NameKind
  readonly name: string
  /** base64url. It tells nothing of any other name. */
  readonly opening: string
}

/** The name of the site. */
export function siteNameOf(root: VerifiedRoot): ShownName {
  return show(root, 'site', root.root.siteName)
}

/**
 * The names that the proof of a job is about: the site, whoever signed the job, and what of their concerns it touches.
 *
 * @param touched what the job is about, `agent/<name>` among it
 */
export function namesOfJob(
  chain: readonly VerifiedRoot[],
  job: Uint8Array,
  touched: ReadonlySet<string>,
): ShownName[] {
  const newest = chain.at(-1)!
  const { signatures } = parseEnvelope(job, WIRE.maxSealedResultBytes)
  const signers = new Set(signatures.map(({ keyId }) => keyId))
  const signed = chain.flatMap(({ root }) => {
    return root.keys.filter(({ signingKey }) => signers.has(keyIdOf(decodeBase64url(signingKey))))
  })
  const holders = new Set(signed.map(({ holder }) => holder))
  const concerns = new Set(
    signed.flatMap((key) => key.concerns).filter((each) => touched.has(each)),
  )
  return [
    siteNameOf(newest),
    ...[...holders].map((holder) => show(newest, 'holder', holder)),
    ...[...concerns].map((concern) => show(newest, 'concern', concern)),
  ]
}

/** Every name of these roots: for whoever may know them all. */
export function allNamesOf(chain: readonly VerifiedRoot[]): ShownName[] {
  const newest = chain.at(-1)!
  const keys = chain.flatMap(({ root }) => root.keys)
  const once = (names: readonly string[]): string[] => [...new Set(names)].toSorted()
  return [
    ...once(chain.map(({ root }) => root.siteName)).map((name) => show(newest, 'site', name)),
    ...once(keys.map(({ holder }) => holder)).map((name) => show(newest, 'holder', name)),
    ...once(keys.flatMap(({ concerns }) => concerns)).map((name) => show(newest, 'concern', name)),
  ]
}

function show({ nameKey }: VerifiedRoot, kind: NameKind, name: string): ShownName {
  return { kind, name, opening: encodeBase64url(nameOpeningOf(nameKey, kind, name)) }
}
