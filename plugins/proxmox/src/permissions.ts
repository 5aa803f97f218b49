// SPDX-License-Identifier: GPL-3.0-or-later
/** What a token may do, from `/access/permissions`: tells "no right to see" from "nothing there". */
import type { Endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { pveOf } from './pve.ts'

/** Privileges by path, each with whether it reaches the paths below. */
export type Granted = ReadonlyMap<string, ReadonlyMap<string, boolean>>

/** How far a right reaches over everything below a path. */
export type Reach = 'everywhere' | 'somewhere' | 'nowhere'

const Dump = z.record(z.string(), z.record(z.string(), z.unknown()))

/** Asks what the token that asks may do. */
export async function grantedTo(endpoint: Pick<Endpoint, 'request'>): Promise<Granted> {
  return parseGranted(await pveOf(endpoint).access.permissions.$get())
}

/** The dump of `/access/permissions`; empty when it has another form. */
export function parseGranted(answer: unknown): Granted {
  const parsed = Dump.safeParse(answer)
  if (!parsed.success) return new Map()
  return new Map(
    Object.entries(parsed.data).map(([path, privileges]) => [
      path,
      new Map(Object.entries(privileges).map(([name, reaches]) => [name, Number(reaches) === 1])),
    ]),
  )
}

/**
 * Whether a privilege holds at one path. The nearest path of the dump decides: itself, or one above it whose right
 * reaches down.
 */
export function holds(granted: Granted, path: string, privilege: string): boolean {
  for (let at = path, isBelow = false; ; at = parentOf(at), isBelow = true) {
    const here = granted.get(at)
    if (here !== undefined) return here.has(privilege) && (!isBelow || here.get(privilege) === true)
    if (at === '/') return false
  }
}

/** How far one of some privileges reaches over all that is below a path such as `/vms`. */
export function reachOf(granted: Granted, root: string, anyOf: readonly string[]): Reach {
  const prefix = root === '/' ? '/' : `${root}/`
  const below = [...granted.keys()].filter((path) => path !== root && path.startsWith(prefix))
  const isAt = (path: string): boolean => anyOf.some((each) => holds(granted, path, each))
  const isDown = anyOf.some((each) => holds(granted, `${prefix}~`, each))
  if (isDown && below.every(isAt)) return 'everywhere'
  return isDown || below.some(isAt) ? 'somewhere' : 'nowhere'
}

function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut <= 0 ? '/' : path.slice(0, cut)
}
