// SPDX-License-Identifier: Apache-2.0
/** The reference of permission kinds says of every kind what an author writes, gets and may ask for. */
import { describe, expect, it } from '@jest/globals'
import { Permission } from '@sallyport/core/protocol'
import { kindsPage } from '../write-kinds.ts'

/** The kinds in the form that agents take. */
const KINDS = Permission.options.map(({ shape }) => shape.kind.value)

const page = kindsPage().text
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [/^`?([^`\n]+)/.exec(text)![1]!, text]),
)

describe('docs/permission-kinds.md', () => {
  it('has a section for each kind that an agent takes, and no other', () => {
    expect([...sections.keys()]).toEqual([...KINDS, 'Routes', 'Constraints of a route'])
  })

  it.each(KINDS)('shows of %s an example, its words, its handle and its bounds', (kind) => {
    const text = sections.get(kind)!
    expect(text).toMatch(/^```ts\n\S/m)
    expect(text).toMatch(/^An operator reads: .+\.$/m)
    expect(text).toMatch(/^- `\w+\(/m)
    expect(text).toMatch(/^\| `\w+` \| .+ \|$/m)
  })
})
