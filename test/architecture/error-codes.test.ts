// SPDX-License-Identifier: Apache-2.0
/** Error codes: what the sources name, what the table says and what the page shows are the same set. */
import { describe, expect, it } from '@jest/globals'
import { ERRORS, ERROR_AREAS, REFUSALS, REFUSAL_REASONS } from '@sallyport/core/protocol'
import { codesIn, codesInSources } from '../../tools/error-codes.ts'
import { errorsPage } from '../../tools/write-errors.ts'
import { filesBelow, textOf } from './tree.ts'

const PLACE = 'core/src/protocol/errors/'

describe('error codes', () => {
  const used = codesInSources()

  it('of every source are in the table', () => {
    const missing = [...used].filter(([code]) => !(code in ERRORS))
    const sentences = missing.map(
      ([code, files]) => `${code} (${files.join(', ')}) → add to ${PLACE}`,
    )
    expect(sentences).toEqual([])
  })

  it('of the table are used by a source', () => {
    expect(Object.keys(ERRORS).filter((code) => !used.has(code))).toEqual([])
  })

  it('stand in one area only, and in alphabetical order', () => {
    const areas = Object.values(ERROR_AREAS).map((table) => Object.keys(table))
    expect(areas.flat().toSorted()).toEqual(Object.keys(ERRORS).toSorted())
    for (const codes of areas) expect(codes).toEqual(codes.toSorted())
  })

  it('have a meaning and a remedy that are sentences', () => {
    const entries = Object.entries({ ...ERRORS, ...REFUSALS })
    const terse = entries.filter(
      ([, { meaning, remedy }]) => !/^\S.{11,}\.$/.test(meaning) || !/^\S.{6,}[.)]$/.test(remedy),
    )
    expect(terse).toEqual([])
  })

  it('of a plugin are in the table or explained in its README', () => {
    const silent = filesBelow('plugins')
      .filter((path) => /^plugins\/[^/]+\/src\//.test(path))
      .flatMap((path) => codesIn(textOf(path)).map((code) => ({ path, code })))
      .filter(({ code }) => !(code in ERRORS))
      .filter(({ path, code }) => !textOf(path.replace(/\/src\/.*/, '/README.md')).includes(code))
    expect(silent).toEqual([])
  })

  it('in the prose are in the table', () => {
    const prose = filesBelow().filter((path) =>
      /^(?!plugins\/|cli\/plugin-template\/|docs\/plugin-guide).*\.md$/.test(path),
    )
    const unknown = prose.flatMap((path) =>
      codesIn(textOf(path))
        .filter((code) => !(code in ERRORS))
        .map((code) => `${path}: ${code}`),
    )
    expect(unknown).toEqual([])
  })
})

describe('docs/errors.md', () => {
  const rows = textOf('docs/errors.md').match(/(?<=^\| `)\w+(?=` \|)/gm)

  it('shows every refusal reason and every code, and nothing else', () => {
    expect(rows?.toSorted()).toEqual([...REFUSAL_REASONS, ...Object.keys(ERRORS)].toSorted())
  })

  it('is what the table gives', () => {
    expect(textOf('docs/errors.md')).toBe(errorsPage().text)
  })
})
