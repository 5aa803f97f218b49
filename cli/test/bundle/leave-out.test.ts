// SPDX-License-Identifier: Apache-2.0
/** Packages that a plugin imports and never calls are not in its bundle, and it loads all the same. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBundle } from '@sallyport/core/crypto'
import { openPluginHost } from '@sallyport/core/plugins'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { assemblePlugin, buildPlugin } from '../../src/bundle/build-plugin.ts'
import { readPluginFolder } from '../../src/bundle/plugin-folder.ts'
import { ROOT } from '../support/program.ts'

const SOURCE = `
import { defineJob, definePlugin, endpoint } from '@sallyport/sdk'
import { answer } from 'client'
import { z } from 'zod'

const ask = defineJob({
  summary: 'Asks the service',
  effect: 'read',
  input: z.strictObject({ isCalling: z.boolean() }),
  output: z.object({ text: z.string() }),
  permissions: { api: endpoint('api', ['GET /x']) },
  run: async ({ input, use }) => {
    const { body } = await use.api.request({ method: 'GET', path: '/x' })
    return { text: answer(new TextDecoder().decode(body), input.isCalling) }
  },
})

export const plugin = definePlugin({ name: 'asker', summary: 'Asks', jobs: { ask } })
`

/** Imports the heavy package in three ways; calls it only when it is told to. */
const CLIENT = `
import heavy, { work } from 'heavy'
import * as all from 'heavy/deep.js'
export const answer = (text, isCalling) => (isCalling ? work(text, heavy, all) : text)
`

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'sallyport-leave-out-'))))
afterAll(() => rm(scratch, { recursive: true, force: true }))

async function putPackage(modules: string, name: string, files: Record<string, string>) {
  await mkdir(join(modules, name), { recursive: true })
  const about = JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js' })
  await writeFile(join(modules, name, 'package.json'), about)
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(modules, name, file), text)
  }
}

async function pluginFolder(at: string, sallyport?: unknown): Promise<string> {
  const folder = join(scratch, at)
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@sallyport'), { recursive: true })
  await mkdir(join(folder, 'src'))
  await symlink(join(ROOT, 'sdk'), join(modules, '@sallyport', 'sdk'))
  await symlink(join(ROOT, 'node_modules', 'zod'), join(modules, 'zod'))
  await putPackage(modules, 'client', { 'index.js': CLIENT })
  await putPackage(modules, 'heavy', {
    'index.js': "export const work = () => 'the whole weight'\nexport default 1\n",
    'deep.js': "export const more = 'more weight'\n",
  })
  const about = {
    name: 'plugin-asker',
    version: '0.1.0',
    ...(sallyport !== undefined && { sallyport }),
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(about))
  await writeFile(join(folder, 'src', 'index.ts'), SOURCE)
  return folder
}

const build = (folder: string) => buildPlugin({ folder, isWritingManifest: true })

async function codeIn(built: { file: string; digest: string }): Promise<string> {
  return openBundle(await readFile(built.file), built.digest).parts['plugin.mjs']!.text
}

/** Runs the job in the real sandbox, against a service that says `hello`. */
async function runIn(built: Awaited<ReturnType<typeof build>>, input: object) {
  await using service = createServer((_, response) => void response.end('hello'))
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', () => done()))
  const url = `http://127.0.0.1:${(service.address() as { port: number }).port}`
  const binding = { kind: 'endpoint', url, pin: { by: 'none' }, headers: {} } as const
  const stateDirectory = await mkdtemp(join(scratch, 'state-'))
  await using host = openPluginHost({ stateDirectory, bindings: { find: () => binding } })
  const { name, version } = built.manifest
  const bundle = await readFile(built.file)
  const plugin = { name, version, digest: built.digest, manifest: built.manifest, bundle }
  const { signal } = new AbortController()
  const jobId = '01890a5d-ac96-774b-bcce-b302099a8057'
  return await host.run({ jobId, jobName: 'ask', input, plugin, signal })
}

describe('a package that a plugin leaves out', () => {
  it('is not in the bundle, and the plugin runs as long as it does not call it', async () => {
    const built = await build(await pluginFolder('without', { leaveOut: ['heavy'] }))
    expect(await codeIn(built)).not.toContain('weight')
    expect(built.packages).toContain('client@1.0.0')
    expect(built.packages).not.toContain('heavy@1.0.0')
    const done = { state: 'done', output: { text: 'hello' } }
    expect(await runIn(built, { isCalling: false })).toMatchObject(done)
    expect(await runIn(built, { isCalling: true })).toMatchObject({ state: 'failed' })
  }, 120_000)

  it('makes the same bytes whatever lies in its place', async () => {
    const [one, two] = [
      await pluginFolder('one', { leaveOut: ['heavy'] }),
      await pluginFolder('two', { leaveOut: ['heavy'] }),
    ]
    await rm(join(two, 'node_modules', 'heavy'), { recursive: true })
    expect((await build(two)).digest).toBe((await build(one)).digest)
  })

  it('is in it otherwise', async () => {
    expect(await codeIn(await build(await pluginFolder('having')))).toContain('weight')
  })

  it('is one that the code imports', async () => {
    const folder = await pluginFolder('unknown', { leaveOut: ['heavy', 'heavyy'] })
    await expect(build(folder)).rejects.toMatchObject({
      code: 'ERR_PLUGIN_FOLDER',
      message: expect.stringContaining('heavyy'),
    })
  })

  it.each([
    ['no list', { leaveOut: 'heavy' }],
    ['a path', { leaveOut: ['./heavy'] }],
    ['a slip', { leaveout: ['heavy'] }],
    ['a number', 7],
  ])('is named in a list of names, and not by %s', async (what, sallyport) => {
    const folder = await pluginFolder(`odd-${what.replace(' ', '-')}`, sallyport)
    await expect(build(folder)).rejects.toMatchObject({
      code: 'ERR_PLUGIN_FOLDER',
      message: expect.stringContaining('sallyport'),
    })
  })
})

describe('the plugin for Proxmox VE', () => {
  it('has its client inside, and not the HTTP client that this one brings', async () => {
    const { code } = await assemblePlugin(await readPluginFolder(join(ROOT, 'plugins', 'proxmox')))
    const packages = code.packages.map(({ name }) => name)
    expect(packages).toContain('proxmox-api')
    expect(packages).not.toContain('undici')
    expect(code.text).not.toMatch(/undici@\d/)
  })
})
