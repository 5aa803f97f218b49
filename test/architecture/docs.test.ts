// SPDX-License-Identifier: Apache-2.0
/** Prose and comments point at things that exist. */
import { describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { filesBelow, repositoryRoot, textOf } from './tree.ts'

const prose = filesBelow().filter((path) => path.endsWith('.md'))
const code = filesBelow().filter((path) => /\.(ts|js|cjs|mjs)$/.test(path))

interface Link {
  readonly from: string
  readonly path: string
  readonly anchor: string | undefined
}

/** Links to files of the repository; addresses on the web are not looked up. */
function linksOf(from: string): Link[] {
  const text = withoutCode(textOf(from))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#')
      return { from, path: path === '' ? from : normalize(join(dirname(from), path)), anchor }
    })
}

function withoutCode(text: string): string {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
}

/** Anchors of the headings of a page, as the usual renderers make them. */
function anchorsOf(page: string): string[] {
  const text = textOf(page).replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('links in prose', () => {
  const links = prose.flatMap(linksOf)

  it('lead to files that exist', () => {
    const dead = links.filter(({ path }) => !existsSync(join(repositoryRoot, path)))
    expect(dead.map(({ from, path }) => `${from} → ${path}`)).toEqual([])
  })

  it('lead to headings that exist', () => {
    const inPages = links.filter(({ path, anchor }) => anchor !== undefined && path.endsWith('.md'))
    const dead = inPages.filter(({ path, anchor = '' }) => !anchorsOf(path).includes(anchor))
    expect(dead.map(({ from, path, anchor }) => `${from} → ${path}#${anchor}`)).toEqual([])
  })
})

describe('paths named in prose', () => {
  it('exist', () => {
    // The plugin guide makes a plugin that is not there yet.
    const pages = prose.filter((path) => path !== 'docs/plugin-guide.md')
    const named = pages.flatMap((from) =>
      [
        ...textOf(from).matchAll(
          /`((?:sdk|core|hub|agent|cli|plugins|test|tools|docs)\/[\w./-]+)`/g,
        ),
      ]
        .map(([, path = '']) => ({ from, path }))
        .filter(({ path }) => /\.(ts|js|cjs|mjs|json|md)$|\/$/.test(path)),
    )
    const dead = named.filter(({ path }) => !existsSync(join(repositoryRoot, path)))
    expect(dead.map(({ from, path }) => `${from}: ${path}`)).toEqual([])
  })
})

/** What tells where in a text: a section, a quoted title, a path, a manual page. */
const PLACE_IN_TEXT = /\b(sections?|appendix|table|chapter)\b|"[^"]+"|`[^`]+`|\w\(\d\)|\w\/\w/i

describe('Source lines in comments', () => {
  it('name the place in the text', () => {
    const vague = code.flatMap((path) =>
      [...textOf(path).matchAll(/^\s*(?:\/\/|\/?\*+).*\bSource: (.+)$/gm)]
        .filter(([, source = '']) => !PLACE_IN_TEXT.test(source))
        .map(([, source = '']) => `${path}: ${source}`),
    )
    expect(vague).toEqual([])
  })
})
