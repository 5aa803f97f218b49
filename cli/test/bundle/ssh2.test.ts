// SPDX-License-Identifier: Apache-2.0
/** A plugin that brings the SSH client `ssh2`: built without its native parts, and run in the real sandbox. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBundle } from '@sallyport/core/crypto'
import { openPluginHost } from '@sallyport/core/plugins'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeKey, startSshd } from '../../../core/test/plugins/broker/ssh/sshd.ts'
import { buildPlugin } from '../../src/bundle/build-plugin.ts'
import { ROOT } from '../support/program.ts'

const SOURCE = `
import { defineJob, definePlugin, ssh, sshAgent } from '@sallyport/sdk'
import ssh2 from 'ssh2'
import { z } from 'zod'

const whoami = defineJob({
  summary: 'Says who it is on the host',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ text: z.string() }),
  permissions: { nas: ssh('nas') },
  run: async ({ use }) => {
    const client = new ssh2.Client()
    const ready = new Promise((resolve, reject) => client.on('ready', resolve).on('error', reject))
    const { user } = await use.nas.identity()
    const agent = sshAgent(use.nas, ssh2.BaseAgent)
    client.connect({ sock: await use.nas.open(), username: user, agent })
    await ready
    const text = await new Promise((resolve, reject) => {
      client.exec('echo it is me', (error, stream) => {
        if (error) return reject(error)
        stream.on('data', (bytes) => resolve(String(bytes)))
      })
    })
    client.end()
    return { text }
  },
})

export const plugin = definePlugin({ name: 'nas', summary: 'A NAS', jobs: { whoami } })
`

const SSH2 = ['ssh2', 'asn1', 'bcrypt-pbkdf', 'safer-buffer', 'tweetnacl']

let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'sallyport-ssh2-'))))
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A plugin's folder with the packages of its own that ssh2 takes. */
async function pluginFolder(at: string): Promise<string> {
  const folder = join(scratch, at)
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@sallyport'), { recursive: true })
  await mkdir(join(folder, 'src'))
  await symlink(join(ROOT, 'sdk'), join(modules, '@sallyport', 'sdk'))
  await symlink(join(ROOT, 'node_modules', 'zod'), join(modules, 'zod'))
  for (const name of SSH2) {
    await cp(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true })
  }
  await writeFile(join(folder, 'package.json'), '{"name":"plugin-nas","version":"0.1.0"}')
  await writeFile(join(folder, 'src', 'index.ts'), SOURCE)
  return folder
}

/** What a machine has that may compile native parts. */
async function addNativeParts(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  const built = join(modules, 'ssh2', 'lib', 'protocol', 'crypto', 'build', 'Release')
  await mkdir(built, { recursive: true })
  await writeFile(join(built, 'sshcrypto.node'), 'machine code')
  const optional = join(modules, 'cpu-features')
  await mkdir(optional)
  await writeFile(join(optional, 'package.json'), '{"name":"cpu-features","version":"9.9.9"}')
  await writeFile(join(optional, 'index.js'), 'module.exports = () => ({ arch: process.arch })\n')
}

describe('a plugin that brings ssh2', () => {
  it('has the same bytes whether or not its native parts are there', async () => {
    const [without, having] = [await pluginFolder('without'), await pluginFolder('having')]
    await addNativeParts(having)
    const first = await buildPlugin({ folder: without, isWritingManifest: true })
    const second = await buildPlugin({ folder: having, isWritingManifest: true })
    expect(second.digest).toBe(first.digest)
    expect(first.packages).toContain('ssh2@1.17.0')
    expect(first.packages.join()).not.toContain('cpu-features')
    const code = openBundle(await readFile(first.file), first.digest).parts['plugin.mjs']!.text
    for (const path of [scratch, ROOT, 'machine code']) {
      expect(code.includes(path) ? path : '').toBe('')
    }
  }, 120_000)

  it('logs in to a real host from the sandbox', async () => {
    const folder = await pluginFolder('run')
    const built = await buildPlugin({ folder, isWritingManifest: true })
    const key = makeKey(scratch, 'key')
    await using sshd = await startSshd({ authorized: [key.line] })
    const binding = await sshd.binding(key)
    const stateDirectory = await mkdtemp(join(scratch, 'state-'))
    const bindings = { find: () => binding }
    await using host = openPluginHost({ stateDirectory, bindings })
    const { name, version } = built.manifest
    const outcome = await host.run({
      jobId: '01890a5d-ac96-774b-bcce-b302099a8057',
      jobName: 'whoami',
      input: {},
      plugin: {
        name,
        version,
        digest: built.digest,
        manifest: built.manifest,
        bundle: await readFile(built.file),
      },
      signal: new AbortController().signal,
    })
    expect(outcome).toMatchObject({ state: 'done', output: { text: 'it is me\n' } })
  }, 120_000)
})
