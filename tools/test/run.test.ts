// SPDX-License-Identifier: Apache-2.0
/** The launcher: what it says on a machine that lacks something. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let checkout: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sallyport-run-'))
  mkdirSync(join(checkout, 'tools'))
  cpSync(join(import.meta.dirname, '../run.cjs'), join(checkout, 'tools/run.cjs'))
  writeFileSync(join(checkout, 'hello.mjs'), `console.log('hello', ...process.argv.slice(2))`)
})

afterEach(() => rmSync(checkout, { recursive: true }))

/** Runs the launcher on this Node, which says it is of another version or platform. */
function launch(pretended: { version?: string; platform?: string } = {}) {
  const preload = join(checkout, 'pretend.cjs')
  const lines = Object.entries(pretended).map(
    ([name, value]) => `Object.defineProperty(process, '${name}', { value: '${value}' })`,
  )
  writeFileSync(preload, lines.join('\n'))
  const args = ['--require', preload, 'tools/run.cjs', 'hello.mjs', 'you']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: checkout,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function install(): void {
  mkdirSync(join(checkout, 'node_modules/typescript'), { recursive: true })
}

/** Node as `npm install` brings it, without a link in `.bin`: the npm of Debian 12 makes none. */
function installNode(): void {
  const folder = join(checkout, `node_modules/node-linux-${process.arch}/bin`)
  mkdirSync(folder, { recursive: true })
  symlinkSync(process.execPath, join(folder, 'node'))
}

describe('the launcher', () => {
  it('runs a file with its arguments', () => {
    install()
    expect(launch()).toEqual({ status: 0, stdout: 'hello you\n', stderr: '' })
  })

  it('names the remedy when nothing is installed', () => {
    const { status, stderr } = launch()
    expect(status).toBe(1)
    expect(stderr).toContain('ERR_NOT_INSTALLED')
    expect(stderr).toContain('Run `npm install` first.')
  })

  it('names the remedy when Node is old and none came with the installation', () => {
    install()
    const { status, stdout, stderr } = launch({ version: 'v20.20.2', platform: 'linux' })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('needs Node 26, and the one at hand is v20.20.2 (ERR_NODE_VERSION)')
    expect(stderr).toContain('npm install --include=optional')
  })

  it('names the remedy when the Node that came does not run', () => {
    install()
    const folder = join(checkout, `node_modules/node-linux-${process.arch}/bin`)
    mkdirSync(folder, { recursive: true })
    const text = '#!/bin/sh\necho "libatomic.so.1: cannot open shared object file" >&2; exit 127\n'
    writeFileSync(join(folder, 'node'), text, { mode: 0o755 })
    const { status, stderr } = launch({ version: 'v18.20.4', platform: 'linux' })
    expect(status).toBe(1)
    expect(stderr).toContain('libatomic.so.1: cannot open')
    expect(stderr).toContain('apt-get install libatomic1')
  })

  it('says so when no Node comes for this platform', () => {
    install()
    const { status, stderr } = launch({ version: 'v22.1.0', platform: 'sunos' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/No Node for sunos-\w+ comes with this repository: install Node 26/)
  })

  it('takes the installed Node when the one at hand is old', () => {
    install()
    installNode()
    expect(launch({ version: 'v20.20.2' })).toMatchObject({ status: 0, stdout: 'hello you\n' })
  })
})
