// SPDX-License-Identifier: Apache-2.0
/** Makes the next version of a trust root. Pure; a version that nobody could follow up is refused here. */
import { describeIssue, instantOf, TrustRoot, type RootKey } from '@sallyport/core/protocol'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const DAY_MS = 86_400_000

/** Days that a root and a key count unless something else is said. */
export const ROOT_DAYS = 3 * 366

/** Days that a key which was rotated out still counts, so that what it signed goes on. */
export const LEAVING_DAYS = 42

/** What differs from the version before. */
export type RootParts = Partial<Pick<TrustRoot, 'keys' | 'thresholds' | 'rootThreshold'>>

/** The roles that a root gives. */
export type RootRole = RootKey['role']

/**
 * The next version, valid for `days` from now.
 *
 * Throws: ERR_ROOT_CHANGE when it would have no root key holder to follow it up, no operator, or an impossible shape.
 */
export function nextRoot(
  current: TrustRoot,
  parts: RootParts,
  { nowMs, days = ROOT_DAYS }: { nowMs: number; days?: number },
): TrustRoot {
  const next = {
    ...current,
    ...parts,
    version: current.version + 1,
    issuedAt: instantOf(nowMs),
    expiresAt: instantOf(nowMs + days * DAY_MS),
  }
  const checked = TrustRoot.safeParse(next)
  if (!checked.success) {
    const { path, why } = describeIssue(checked.error)
    throw impossible(path === 'rootThreshold' ? unreachable(next) : `${path}: ${why}`)
  }
  const operators = checked.data.keys.filter(({ role, notAfter }) => {
    return role === 'operator' && Date.parse(notAfter) > nowMs
  })
  if (operators.length > 0) return checked.data
  throw impossible('no operator would be left, and nobody could sign a job')
}

/** A key for a root, valid for `days` from now. */
export function rootKeyFor(
  key: Omit<RootKey, 'notAfter' | 'concerns'> & { readonly concerns?: readonly string[] },
  { nowMs, days = ROOT_DAYS }: { nowMs: number; days?: number },
): RootKey {
  const { holder, role, signingKey, sealingKey, concerns = [] } = key
  const notAfter = instantOf(nowMs + days * DAY_MS)
  return { holder, role, signingKey, sealingKey, notAfter, concerns: [...concerns] }
}

/** The keys of which one leaves: it counts on for `days`, or as long as it would have if that is less. */
export function leaving(
  keys: readonly RootKey[],
  isLeaving: (key: RootKey) => boolean,
  { nowMs, days = LEAVING_DAYS }: { nowMs: number; days?: number },
): RootKey[] {
  const end = instantOf(nowMs + days * DAY_MS)
  return keys.map((key) => {
    return isLeaving(key) && key.notAfter > end ? { ...key, notAfter: end } : key
  })
}

/** The keys, those valid for `days` again that are the newest of their holder in their role. */
export function renewed(
  keys: readonly RootKey[],
  { nowMs, days = ROOT_DAYS }: { nowMs: number; days?: number },
): RootKey[] {
  const notAfter = instantOf(nowMs + days * DAY_MS)
  return keys.map((key) => {
    const isNewest = keys.every((each) => {
      return each.holder !== key.holder || each.role !== key.role || each.notAfter <= key.notAfter
    })
    return isNewest && key.notAfter < notAfter ? { ...key, notAfter } : key
  })
}

/** Distinct holders of a role whose keys count at this moment. */
export function holdersOf(root: TrustRoot, role: RootRole, nowMs: number): string[] {
  const valid = root.keys.filter((key) => {
    return key.role === role && (role === 'root' || Date.parse(key.notAfter) > nowMs)
  })
  return [...new Set(valid.map(({ holder }) => holder))].toSorted()
}

/** Sentences on what a root asks for and its people cannot give. */
export function shortagesOf(root: TrustRoot, nowMs: number): string[] {
  const [operators, customers] = (['operator', 'customer'] as const).map(
    (role) => holdersOf(root, role, nowMs).length,
  ) as [number, number]
  return root.thresholds.flatMap((each) => {
    const what = `${each.effect} of ${each.jobTypes}`
    const asks = (need: number, have: number, who: string): string[] => {
      return need > have ? [`${what} asks for ${need} ${who}, and there are ${have}`] : []
    }
    return [
      ...asks(each.operators, operators, 'operators'),
      ...asks(each.customers, customers, 'customers'),
    ]
  })
}

function unreachable({ keys, rootThreshold }: Pick<TrustRoot, 'keys' | 'rootThreshold'>): string {
  const holders = new Set(keys.filter(({ role }) => role === 'root').map(({ holder }) => holder))
  const are = `there would be ${holders.size} (${[...holders].join(', ') || 'nobody'})`
  return `${rootThreshold} holders of root keys must sign the next version, and ${are}`
}

function impossible(why: string): Problem {
  return new Problem('ERR_ROOT_CHANGE', `this root cannot be made: ${why}`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed or sent; the root stands as it is.',
    remedy: 'Add whoever shall take over first, or lower what is asked for; see who there is:',
    commands: ['sallyport trust show'],
  })
}
