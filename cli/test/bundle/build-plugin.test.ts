// SPDX-License-Identifier: Apache-2.0
/** Building a bundle: the same bytes everywhere, and nothing that was not reviewed. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openBundle } from '@sallyport/core/crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { buildPlugin } from '../../src/bundle/build-plugin.ts'
import { PROGRAM, ROOT } from '../support/program.ts'

const SOURCE = `
import { defineJob, definePlugin, files } from '@sallyport/sdk'
import { z } from 'zod'
import { greet } from './greet.ts'

const hello = defineJob({
  summary: 'Says hello',
  effect: 'read',
  input: z.strictObject({ name: z.string() }),
  output: z.object({ text: z.string() }),
  permissions: { host: files.read('/etc/hostname') },
  run: async ({ input }) => ({ text: greet(input.name) }),
})

export const plugin = definePlugin({ name: 'hello', summary: 'A greeting', jobs: { hello } })
`
const GREET =
  "import old from 'old-style'\nexport const greet = (name: string): string => `hello ${name}${old.end}`\n"

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'sallyport-build-'))))
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A plugin's folder at some depth, with what it depends on: the SDK, zod, and a CommonJS package with its licence. */
async function pluginFolder(at: string, source: string = SOURCE): Promise<string> {
  const folder = join(scratch, at)
  const modules = join(folder, 'node_modules')
  const old = join(modules, 'old-style')
  await mkdir(join(folder, 'src'), { recursive: true })
  await mkdir(join(modules, '@sallyport'), { recursive: true })
  await mkdir(old)
  await symlink(join(ROOT, 'sdk'), join(modules, '@sallyport', 'sdk'))
  await symlink(join(ROOT, 'node_modules', 'zod'), join(modules, 'zod'))
  await writeFile(
    join(old, 'package.json'),
    '{"name":"old-style","version":"1.2.3","license":"MIT"}',
  )
  await writeFile(join(old, 'LICENSE'), 'Permission is granted.\r\n')
  await writeFile(join(old, 'index.js'), "exports.end = ', and welcome'\n")
  await writeFile(
    join(folder, 'package.json'),
    '{"name":"plugin-hello","version":"0.3.0","type":"module"}',
  )
  await writeFile(join(folder, 'src', 'index.ts'), source)
  await writeFile(join(folder, 'src', 'greet.ts'), GREET)
  return folder
}

const build = (folder: string, isWritingManifest = true) =>
  buildPlugin({ folder, isWritingManifest })

describe('a bundle', () => {
  it('has the same bytes wherever it is built', async () => {
    const first = await build(await pluginFolder('a'))
    const second = await build(await pluginFolder(join('some', 'deeper', 'place')))
    expect(first.digest).toBe(second.digest)
    expect(await readFile(first.file)).toEqual(await readFile(second.file))
    expect(first.file.endsWith('dist/hello-0.3.0.spb')).toBe(true)
  })

  it('holds code without paths of this machine, and the licences of all that is inside', async () => {
    const built = await build(await pluginFolder('inside'))
    const bytes = await readFile(built.file)
    const { parts, manifest } = openBundle(bytes, built.digest)
    const code = parts['plugin.mjs']!.text
    for (const path of [scratch, ROOT, tmpdir(), '../', 'node_modules', 'sourceMappingURL']) {
      expect(code.includes(path) ? path : '').toBe('')
    }
    expect(code).toContain('// plugin-hello@0.3.0/src/index.ts')
    expect(code).toContain('"old-style@1.2.3/index.js"')
    expect(built.packages).toEqual(
      expect.arrayContaining(['@sallyport/sdk@0.1.0', 'old-style@1.2.3', 'plugin-hello@0.3.0']),
    )
    const licences = parts['licenses.txt']!.text
    expect(licences).toContain('old-style 1.2.3: MIT\n\nPermission is granted.\n')
    expect(licences).toMatch(/zod 4\.\d+\.\d+: MIT\n\nMIT License/)
    expect(licences).toMatch(/@sallyport\/sdk 0\.\d+\.\d+: Apache-2\.0\n\n\s+Apache License/)
    expect(licences).toContain('plugin-hello 0.3.0: no licence is stated')
    expect(manifest).toMatchObject({
      name: 'hello',
      version: '0.3.0',
      jobs: { hello: { effect: 'read' } },
    })
  })

  it('is refused while the committed manifest says something else, or is not there', async () => {
    const folder = await pluginFolder('drift')
    await expect(build(folder, false)).rejects.toThrowCode('ERR_MANIFEST_DRIFT')
    await build(folder)
    expect((await build(folder, false)).manifest.name).toBe('hello')
    const wider = SOURCE.replace("'/etc/hostname'", "'/etc/**'")
    await writeFile(join(folder, 'src', 'index.ts'), wider)
    await expect(build(folder, false)).rejects.toMatchObject({
      code: 'ERR_MANIFEST_DRIFT',
      exit: 3,
      details: { 'jobs.hello.permissions.host.paths': '["/etc/hostname"] → ["/etc/**"]' },
    })
  })

  it.each([
    ['reads a file', "import { readFileSync } from 'node:fs'\nreadFileSync('/etc/hostname')\n"],
    ['opens a connection', "import { connect } from 'node:net'\nconnect(9, '127.0.0.1')\n"],
    [
      'starts a program',
      "import { spawnSync } from 'node:child_process'\nif (spawnSync('true').error === undefined) process.exit(0); else throw spawnSync('true').error\n",
    ],
    ['throws', "throw new Error('not today')\n"],
    ['ends at once', 'process.exit(3)\n'],
  ])(
    'is not made of code that %s when it is loaded',
    async (what, code) => {
      const folder = await pluginFolder(`hostile-${what.replaceAll(' ', '-')}`, code + SOURCE)
      await expect(build(folder)).rejects.toThrowCode('ERR_PLUGIN_CODE')
    },
    60_000,
  )

  it('is not made of code that does not compile, and the place is named', async () => {
    const folder = await pluginFolder('broken', SOURCE.replace("'./greet.ts'", "'./gone.ts'"))
    await expect(build(folder)).rejects.toMatchObject({
      code: 'ERR_PLUGIN_CODE',
      details: { 'src/index.ts:4': expect.stringContaining('gone.ts') },
    })
  })

  it('is built by the program, with the digest of the file it wrote', async () => {
    const folder = await pluginFolder('by-program')
    const args = ['plugin', 'build', folder, '--write-manifest', '--out', scratch, '--json']
    const { stdout, stderr } = await promisify(execFile)(PROGRAM, args)
    expect(stderr).toBe('')
    const document = JSON.parse(stdout) as { plugin: { digest: string }; file: string }
    const bytes = await readFile(document.file)
    expect(openBundle(bytes, document.plugin.digest).manifest.name).toBe('hello')
    expect(document).toMatchObject({
      format: 'sallyport.plugin-build/1',
      jobs: ['hello'],
      sizeBytes: bytes.length,
    })
  })
})
