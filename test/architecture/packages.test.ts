// SPDX-License-Identifier: Apache-2.0
/** The package.json files agree with each other, with the project references and with what is published. */
import { describe, expect, it } from '@jest/globals'
import { dirname, join } from 'node:path'
import { filesBelow, textOf } from './tree.ts'

interface PackageFile {
  name: string
  version: string
  license: string
  type: string
  private?: boolean
  exports?: Record<string, Record<string, string>>
  files?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

interface References {
  references: { path: string }[]
}

const json = <T>(path: string): T => JSON.parse(textOf(path)) as T

const folders = filesBelow()
  .filter((path) => path.endsWith('package.json') && !path.includes('plugin-template'))
  .map(dirname)
const packages = folders.map((folder) => ({
  folder,
  file: json<PackageFile>(join(folder, 'package.json')),
}))
const published = packages.filter(({ file }) => file.private !== true)
const folderOf = new Map(packages.map(({ folder, file }) => [file.name, folder]))

function siblingsOf({ dependencies = {}, peerDependencies = {} }: PackageFile): string[] {
  return Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => folderOf.has(name))
}

describe('packages', () => {
  it.each(packages)('$file.name has the version and its licence', ({ folder, file }) => {
    const root = json<PackageFile>('package.json')
    // Source: ADR 0006, "Decision".
    const licence = folder === 'plugins/proxmox' ? 'GPL-3.0-or-later' : 'Apache-2.0'
    expect([file.version ?? root.version, file.license, file.type]).toEqual([
      root.version,
      licence,
      'module',
    ])
  })

  it.each(packages)('$file.name names every dependency at an exact version', ({ file }) => {
    const all = Object.entries({ ...file.dependencies, ...file.devDependencies })
    expect(all.filter(([, range]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range))).toEqual([])
  })

  it('of the whole repository take one version of each dependency', () => {
    const versions = new Map<string, Set<string>>()
    for (const { file } of packages) {
      for (const [name, range] of Object.entries({
        ...file.dependencies,
        ...file.devDependencies,
      })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(range))
      }
    }
    expect([...versions].filter(([, found]) => found.size > 1).map(([name]) => name)).toEqual([])
  })
})

describe('dependencies', () => {
  const reasons = textOf('docs/adr/0007-dependencies.md')

  it.each(published)('of $file.name each have their reason in ADR 0007', ({ file }) => {
    const names = Object.keys(file.dependencies ?? {}).filter((name) => !folderOf.has(name))
    const listed = new Set(
      reasons.match(/(?<=^\|).*?(?=\|)/gm)?.flatMap((cell) => cell.split(/[\s,]+/)),
    )
    expect(names.filter((name) => !listed.has(name))).toEqual([])
  })
})

describe('project references', () => {
  it.each(published)('of $file.name are its workspace dependencies', ({ folder, file }) => {
    const { references } = json<References>(join(folder, 'tsconfig.build.json'))
    const referenced = references.map(({ path }) => dirname(join(folder, path)))
    const expected = siblingsOf(file).map((name) => folderOf.get(name))
    expect(referenced.toSorted()).toEqual(expected.toSorted())
  })

  it('of the build name every published package', () => {
    const { references } = json<References>('tsconfig.build.json')
    const built = references.map(({ path }) => dirname(join(path)))
    expect(built.toSorted()).toEqual(published.map(({ folder }) => folder).toSorted())
  })
})

describe('exports', () => {
  const targets = published.flatMap(({ folder, file }) =>
    Object.entries(file.exports ?? {})
      .filter(([, target]) => typeof target !== 'string')
      .map(([subpath, target]) => ({ name: join(file.name, subpath), folder, target })),
  )

  it.each(targets)(
    'of $name give source, types and code of one file, in this order',
    ({ target }) => {
      const source = target['@sallyport/source'] ?? ''
      const built = source.replace('./src/', './dist/').replace(/\.ts$/, '')
      expect(Object.entries(target)).toEqual([
        ['@sallyport/source', source],
        ['types', `${built}.d.ts`],
        ['default', `${built}.js`],
      ])
    },
  )

  it.each(targets)('of $name lead to a source that exists', ({ folder, target }) => {
    expect(filesBelow(join(folder, 'src'))).toContain(
      join(folder, target['@sallyport/source'] ?? ''),
    )
  })

  it.each(published)('$file.name publishes what is built and no source', ({ file }) => {
    expect(file.files).toContain('dist')
    expect(file.files?.filter((path) => /^src/.test(path))).toEqual([])
  })
})
