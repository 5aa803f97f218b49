// SPDX-License-Identifier: Apache-2.0
/** A trust root as people read it: who holds what, how many must sign, and what a new version changes. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { RootKey, Threshold, TrustRoot } from '@sallyport/core/protocol'
import type { Paint } from '../output/paint.ts'
import { table } from '../output/table.ts'
import { counted, fingerprint, relative } from '../output/words.ts'

/** The id of a key of a root. */
export function rootKeyId({ signingKey }: Pick<RootKey, 'signingKey'>): string {
  return keyIdOf(decodeBase64url(signingKey))
}

/** A whole fingerprint, for comparing it over another channel. */
export function wholeFingerprint(key: Pick<RootKey, 'signingKey'>): string {
  return `SHA256:${rootKeyId(key)}`
}

/** The keys, by role. */
export function keyTable({ keys }: TrustRoot, nowMs: number, paint: Paint): string {
  const columns = ['role', 'holder', 'key', 'valid', 'sees'].map((head) => ({ head }))
  const order = ['root', 'operator', 'customer', 'publisher', 'hub']
  const rows = keys
    .toSorted((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || compare(a, b))
    .map((key) => [
      key.role,
      key.holder,
      fingerprint(rootKeyId(key)),
      validity(key, nowMs, paint),
      key.concerns.join(', '),
    ])
  return table(columns, rows, paint)
}

/** What must be signed by how many. */
export function thresholdTable({ thresholds }: TrustRoot, paint: Paint): string {
  const columns = [
    { head: 'effect' },
    { head: 'job types' },
    { head: 'operators', isNumber: true },
    { head: 'customers', isNumber: true },
  ]
  const effects = ['read', 'change', 'destroy']
  const rows = thresholds
    .toSorted(
      (a, b) =>
        effects.indexOf(a.effect) - effects.indexOf(b.effect) || (a.jobTypes < b.jobTypes ? -1 : 1),
    )
    .map((each) => [
      each.effect,
      each.jobTypes,
      String(Math.max(each.operators, each.customers > 0 ? 0 : 1)),
      String(each.customers),
    ])
  return table(columns, rows, paint)
}

/** One line for each thing that differs: `+` new, `-` gone, `~` changed. */
export function rootDifferences(before: TrustRoot, after: TrustRoot, paint: Paint): string[] {
  return [
    ...keyDifferences(before, after, paint),
    ...thresholdDifferences(before, after, paint),
    ...(before.rootThreshold === after.rootThreshold
      ? []
      : [
          `${paint.warn('~')} the root itself: ${holders(before.rootThreshold)} → ${holders(after.rootThreshold)}`,
        ]),
    ...(day(before.expiresAt) === day(after.expiresAt)
      ? []
      : [
          `${paint.dim('~')} valid until ${day(after.expiresAt)}, before until ${day(before.expiresAt)}`,
        ]),
  ]
}

/** `1 holder must sign`. */
function holders(count: number): string {
  return `${counted(count, 'holder')} must sign`
}

function keyDifferences(before: TrustRoot, after: TrustRoot, paint: Paint): string[] {
  const known = new Map(before.keys.map((key) => [key.signingKey, key]))
  const left = new Map(after.keys.map((key) => [key.signingKey, key]))
  const gone = before.keys.filter(({ signingKey }) => !left.has(signingKey))
  return [
    ...gone.map((key) => `${paint.bad('-')} ${named(key)}  ${fingerprint(rootKeyId(key))}`),
    ...after.keys.flatMap((key) => {
      const old = known.get(key.signingKey)
      if (old === undefined) return [added(key, paint)]
      return changed(old, key).map((what) => `${paint.warn('~')} ${named(key)}  ${what}`)
    }),
  ]
}

function added(key: RootKey, paint: Paint): string {
  const sees = key.concerns.length === 0 ? '' : `, sees ${key.concerns.join(', ')}`
  return `${paint.good('+')} ${named(key)}  ${wholeFingerprint(key)}, valid until ${day(key.notAfter)}${sees}`
}

function changed(old: RootKey, key: RootKey): string[] {
  const parts = [
    ...(old.role === key.role && old.holder === key.holder ? [] : [`was ${named(old)}`]),
    ...(old.notAfter === key.notAfter
      ? []
      : [`valid until ${day(key.notAfter)}, before until ${day(old.notAfter)}`]),
    ...(old.concerns.join() === key.concerns.join() ? [] : [`sees ${key.concerns.join(', ')}`]),
  ]
  return parts.length === 0 ? [] : [`${fingerprint(rootKeyId(key))}, ${parts.join(', ')}`]
}

function thresholdDifferences(before: TrustRoot, after: TrustRoot, paint: Paint): string[] {
  const id = (each: Threshold): string => `${each.effect} of ${each.jobTypes}`
  const known = new Map(before.thresholds.map((each) => [id(each), each]))
  const left = new Set(after.thresholds.map(id))
  const gone = before.thresholds.filter((each) => !left.has(id(each)))
  return [
    ...gone.map((each) => `${paint.bad('-')} ${id(each)}: ${needText(each)}`),
    ...after.thresholds.flatMap((each) => {
      const old = known.get(id(each))
      if (old === undefined) return [`${paint.good('+')} ${id(each)}: ${needText(each)}`]
      if (needText(old) === needText(each)) return []
      return [`${paint.warn('~')} ${id(each)}: ${needText(old)} → ${needText(each)}`]
    }),
  ]
}

/** `2 operators and 1 customer`. */
export function needText({
  operators,
  customers,
}: Pick<Threshold, 'operators' | 'customers'>): string {
  const parts = [
    ...(operators > 0 || customers === 0 ? [counted(Math.max(operators, 1), 'operator')] : []),
    ...(customers > 0 ? [counted(customers, 'customer')] : []),
  ]
  return parts.join(' and ')
}

/** An instant as a day. */
export function day(instant: string): string {
  return instant.slice(0, 10)
}

function validity({ role, notAfter }: RootKey, nowMs: number, paint: Paint): string {
  // Root keys count as long as they stand in the root: whoever follows up an expired one has no others.
  if (role === 'root') return 'while it stands here'
  const endMs = Date.parse(notAfter)
  const text = `until ${day(notAfter)}`
  if (endMs <= nowMs) return paint.bad(`ended ${day(notAfter)}`)
  return endMs - nowMs < 60 * 86_400_000 ? paint.warn(`${text}, ${relative(endMs, nowMs)}`) : text
}

function named({ role, holder }: RootKey): string {
  return `${role} ${holder}`
}

function compare(a: RootKey, b: RootKey): number {
  if (a.holder !== b.holder) return a.holder < b.holder ? -1 : 1
  return a.notAfter > b.notAfter ? -1 : 1
}
