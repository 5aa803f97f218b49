// SPDX-License-Identifier: GPL-3.0-or-later
/** The tables and the behaviours fit together: what is known but not done is named here. */
import { expect, it } from '@jest/globals'
import { behaviours } from '../../src/simulator/behaviours/index.ts'
import { operationsOf } from '../../src/simulator/schema/index.ts'
import { PVE_VERSIONS } from '../../src/simulator/world.ts'

/** Operations that are checked as the real one checks them, and then answered with 501. */
const UNSERVED: readonly string[] = [
  'POST /cluster/ha/resources/{sid}/migrate',
  'POST /cluster/ha/resources/{sid}/relocate',
  'POST /nodes/{node}/aplinfo',
  'POST /nodes/{node}/storage/{storage}/download-url',
  'POST /nodes/{node}/storage/{storage}/upload',
]

const known = new Set(PVE_VERSIONS.flatMap((version) => [...operationsOf(version).all.keys()]))

it('does nothing that the tables do not know', () => {
  expect(Object.keys(behaviours).filter((name) => !known.has(name))).toEqual([])
})

it('does everything that the tables know, but for what is named here', () => {
  const undone = [...known].filter((name) => !Object.hasOwn(behaviours, name))
  expect(undone.filter((name) => !UNSERVED.includes(name))).toEqual([])
  expect(UNSERVED.filter((name) => !known.has(name))).toEqual([])
})
