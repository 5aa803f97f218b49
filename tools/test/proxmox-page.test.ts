// SPDX-License-Identifier: Apache-2.0
/** The page of the Proxmox plugin has a row for every job type, with its rights, between its marks. */
import { describe, expect, it } from '@jest/globals'
import { loadProxmox } from '../write-privileges.ts'
import { proxmoxPage, withSection } from '../write-proxmox.ts'

const { text } = await proxmoxPage()
const { plugin, rights } = await loadProxmox()
const between = (name: string) =>
  new RegExp(`<!-- ${name}: .*?-->(.*?)<!-- end of ${name} -->`, 's').exec(text)?.[1] ?? ''

describe('docs/plugins/proxmox.md', () => {
  it.each(Object.keys(plugin.jobs))('has %s once in each table', (job) => {
    expect(between('jobs').split(`\n| \`${job}\` |`)).toHaveLength(2)
    expect(between('rights').split(`\`${job}\``)).toHaveLength(2)
  })

  it('names every privilege that a job type takes', () => {
    const privileges = Object.values(rights).flatMap((each) =>
      each.flatMap(({ privileges: names }) => names),
    )
    expect(privileges.filter((name) => !between('rights').includes(name))).toEqual([])
  })
})

describe('a section', () => {
  it('is put between its marks, and what stands around stays', () => {
    const page = 'a\n<!-- x: written by `npm run docs` -->\nold\n<!-- end of x -->\nb'
    const fresh = withSection(page, 'x', 'new')
    expect(fresh).toContain('-->\n\nnew\n\n<!-- end')
    expect(fresh).toMatch(/^a\n.*\nb$/s)
    expect(withSection(fresh, 'x', 'new')).toBe(fresh)
  })

  it('wants both marks', () => {
    expect(() => withSection('<!-- end of x -->', 'x', 'new')).toThrow('marks')
  })
})
