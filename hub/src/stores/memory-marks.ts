// SPDX-License-Identifier: Apache-2.0
/** Marks of sessions in the memory of a hub that is the only one. */
import { Keyv } from 'keyv'
import { BoundedMap } from '../sessions/bounded-map.ts'
import type { SessionMark, SessionMarks } from '../sessions/session-ends.ts'

const MAX_MARKS = 50_000

/** For a hub without Redis. */
export function memoryMarks({ isAlone }: { readonly isAlone: boolean }): SessionMarks {
  const memory = new Keyv<SessionMark>({ store: new BoundedMap(MAX_MARKS) })
  return () => (isAlone ? memory : undefined)
}
