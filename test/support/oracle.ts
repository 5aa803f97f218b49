// SPDX-License-Identifier: Apache-2.0
/**
 * Vendors' contracts as judges: an optional folder beside the project, `../shared/contracts`, holds schemas and recorded
 * exchanges that nobody here wrote. Suites that need it are named `*.oracle.test.ts` and pass where it is absent.
 */
import { describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../../../shared/contracts')

/** A contract as JSON; undefined where there is none. */
export function oracle<T = unknown>(path: string): T | undefined {
  const file = join(FOLDER, path)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined
}

/** All JSON files of a folder of contracts by their names; undefined where there is none. */
export function oracleFolder<T = unknown>(path: string): Record<string, T> | undefined {
  const folder = join(FOLDER, path)
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return Object.fromEntries(names.map((name) => [name, oracle<T>(join(path, name))!]))
}

/** A suite that needs a contract; without it, one test says so, and fails where everything has to be tried. */
export function describeOracle<T>(
  name: string,
  found: T | undefined,
  suite: (found: T) => void,
): void {
  describe(name, () => {
    if (found !== undefined) return suite(found)
    it('has no oracle here: ../shared/contracts is not beside the project', () => {
      expect(process.env['CI']).not.toBe('true')
    })
  })
}
