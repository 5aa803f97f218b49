// SPDX-License-Identifier: Apache-2.0
/** Published test vectors of other projects, read where a copy of them lies beside this repository. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../../../../shared/contracts/crypto')

/** Whether the copy is there. Without it the tables in `published-vectors.ts` are what is held. */
export const hasContracts = existsSync(FOLDER)

/** One file of the copy. */
export function readContract<T>(path: string): T {
  return JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as T
}

/** A test of a Wycheproof file, with the members of its group. */
export type WycheproofCase<Group, Case> = Group &
  Case & {
    tcId: number
    comment: string
    flags?: string[]
    result: 'valid' | 'invalid' | 'acceptable'
  }

/** All tests of a Wycheproof file. Throws when their number is not the one that the file states. */
export function readWycheproof<Group, Case>(name: string): WycheproofCase<Group, Case>[] {
  interface File {
    numberOfTests: number
    testGroups: (Group & { tests: WycheproofCase<Group, Case>[] })[]
  }
  const file = readContract<File>(`wycheproof/${name}.json`)
  const cases = file.testGroups.flatMap(({ tests, ...group }) =>
    tests.map((test) => ({ ...(group as unknown as Group), ...test })),
  )
  if (cases.length !== file.numberOfTests) throw new Error(`${name}: ${cases.length} tests read`)
  return cases
}

/** Bytes of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
