// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin new`: a folder that stands alone, and the same bytes from it wherever it lies. */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makePluginFolder } from '../../src/authoring/new-plugin.ts'
import { packSdk } from '../../src/authoring/sdk-package.ts'
import { pack, unpack } from '../../src/authoring/tar.ts'
import { buildPlugin } from '../../src/bundle/build-plugin.ts'
import { install } from '../support/plugin-folder.ts'
import { ROOT, documentOf, run } from '../support/program.ts'

let scratch: string
let sdk: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sallyport-new-'))
  sdk = join(scratch, 'sdk.tgz')
  await writeFile(sdk, (await packSdk()).bytes)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const json = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as never

describe('plugin new', () => {
  it('makes a folder with all that the guide speaks of, and its manifest', async () => {
    const folder = join(scratch, 'made')
    await makePluginFolder({ name: 'uptime', folder, sdk })
    expect((await readdir(folder)).toSorted()).toEqual([
      '.gitignore',
      'README.md',
      'manifest.json',
      'package.json',
      'run.cjs',
      'src',
      'test',
      'tsconfig.json',
      'vendor',
    ])
    expect(await json(join(folder, 'manifest.json'))).toMatchObject({
      name: 'uptime',
      jobs: { read: {} },
    })
    const readme = await readFile(join(folder, 'README.md'), 'utf8')
    for (const heading of ['What it does', 'What it can touch', 'What the host must bind'])
      expect(readme).toContain(`## ${heading}\n`)
    expect(readme).toContain('| `read` | read | `proc` | read files `/proc/uptime` |')
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.tgz')) continue
      expect(await readFile(join(entry.parentPath, entry.name), 'utf8')).not.toMatch(/__[a-z]+__/)
    }
  })

  it('packs the SDK of this repository itself when none is given', async () => {
    const folder = join(scratch, 'packed')
    const made = documentOf(await run(['plugin', 'new', 'packed', '--json'], { cwd: scratch }))
    expect(made).toEqual({
      format: 'sallyport.plugin-new/1',
      name: 'packed',
      folder,
      sdk: 'file:vendor/sallyport-sdk-0.1.0.tgz',
    })
    expect(await readFile(join(folder, 'vendor/sallyport-sdk-0.1.0.tgz'))).toEqual(
      await readFile(sdk),
    )
  })

  it('leaves a folder alone in which something is', async () => {
    const folder = join(scratch, 'full')
    await mkdir(folder)
    await writeFile(join(folder, 'mine'), 'x')
    await expect(makePluginFolder({ name: 'full', folder, sdk })).rejects.toThrowCode(
      'ERR_PLUGIN_EXISTS',
    )
    expect(await readdir(folder)).toEqual(['mine'])
  })

  it.each(['My-Nas', '9lives', '../outside', 'a/b', '', 'con fig', 'a'.repeat(33), '__proto__'])(
    'refuses the name %j and writes nothing',
    async (name) => {
      const before = await readdir(scratch)
      await expect(makePluginFolder({ name, sdk })).rejects.toThrowCode('ERR_PLUGIN_NAME')
      expect(await readdir(scratch)).toEqual(before)
    },
  )

  it('takes nothing for the SDK that is not, and leaves nothing behind', async () => {
    const wrong = join(scratch, 'wrong.tgz')
    const before = await readdir(scratch)
    for (const bytes of [
      Buffer.from('no gzip'),
      pack({ 'package.json': Buffer.from('{"name":"left-pad","version":"1.0.0"}') }),
    ]) {
      await writeFile(wrong, bytes)
      const request = { name: 'wrong', folder: join(scratch, 'wrong'), sdk: wrong }
      await expect(makePluginFolder(request)).rejects.toThrowCode('ERR_SDK_PACKAGE')
    }
    expect((await readdir(scratch)).toSorted()).toEqual([...before, 'wrong.tgz'].toSorted())
  })

  it('names the versions that this repository uses', async () => {
    const own = (await json(join(ROOT, 'package.json'))) as Record<string, Record<string, string>>
    const theirs = (await json(join(scratch, 'made/package.json'))) as typeof own
    expect(own['optionalDependencies']).toEqual(theirs['optionalDependencies'])
    expect(own['devDependencies']).toMatchObject(theirs['devDependencies']!)
    const cli = (await json(join(ROOT, 'cli/package.json'))) as typeof own
    expect(theirs['dependencies']!['zod']).toBe(cli['dependencies']!['zod'])
  })
})

describe('the packed SDK', () => {
  it('is the same bytes each time, and holds no sources', async () => {
    expect((await packSdk()).bytes).toEqual(await readFile(sdk))
    const names = Object.keys(unpack(await readFile(sdk)))
    expect(names).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'package.json',
        'dist/index.js',
        'dist/testing/index.d.ts',
      ]),
    )
    expect(names.filter((name) => /^src|buildinfo/.test(name))).toEqual([])
  })
})

describe('a bundle of a plugin outside the repository', () => {
  it('has the same bytes in another folder and at another time', async () => {
    const folder = join(scratch, 'made')
    await install(folder)
    const moved = join(scratch, 'some', 'deeper', 'place')
    await mkdir(dirname(moved), { recursive: true })
    await cp(folder, moved, { recursive: true })
    for (const file of ['src/index.ts', 'package.json', 'manifest.json'])
      await utimes(join(moved, file), 1_000_000_000, 1_000_000_000)
    const [first, second] = [folder, moved].map((path) =>
      buildPlugin({ folder: path, isWritingManifest: false }),
    )
    expect((await first!).digest).toBe((await second!).digest)
    const bytes = await readFile((await first!).file)
    expect(bytes).toEqual(await readFile((await second!).file))
    for (const path of [scratch, ROOT, tmpdir()]) expect(bytes.includes(path)).toBe(false)
    expect((await first!).packages).toEqual([
      '@sallyport/sdk@0.1.0',
      'plugin-uptime@0.1.0',
      expect.stringMatching(/^zod@/),
    ])
  })
})
