// SPDX-License-Identifier: Apache-2.0
/** `npm run new:plugin` in a workspace of its own: what it makes passes, and what it refuses leaves no trace. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const ROOT = join(import.meta.dirname, '../..')
const COPIED = [
  'tools',
  'test/support',
  'sdk/package.json',
  'cli/src',
  'cli/plugin-template',
  'cli/package.json',
  'jest.config.js',
  'oxfmt.config.ts',
  'package.json',
]
const PROJECTS = ['tsconfig.base.json', 'tsconfig.build.json']

/** This very test must not find itself in the workspace it makes. */
const isNoTest = (path: string): boolean => path !== import.meta.dirname

let workspace: string

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'new-plugin-'))
  for (const path of [...COPIED, ...PROJECTS]) {
    cpSync(join(ROOT, path), join(workspace, path), { recursive: true, filter: isNoTest })
  }
  mkdirSync(join(workspace, 'plugins'))
  symlinkSync(join(ROOT, 'node_modules'), join(workspace, 'node_modules'))
})

afterAll(() => rmSync(workspace, { recursive: true, force: true }))

function run(...args: string[]) {
  const child = spawnSync(process.execPath, ['tools/run.cjs', ...args], {
    cwd: workspace,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
  return { exitCode: child.status, output: child.stdout + child.stderr }
}

const newPlugin = (...args: string[]) => run('tools/new-plugin.ts', ...args)
const read = (path: string) => readFileSync(join(workspace, path), 'utf8')

describe('npm run new:plugin', () => {
  it('makes a plugin that passes its contract at once, compiles and is well formatted', () => {
    const { exitCode, output } = newPlugin('my-nas')
    expect(output).toContain('npm test -- plugins/my-nas')
    expect(exitCode).toBe(0)
    expect(readdirSync(join(workspace, 'plugins'))).toEqual(['my-nas'])
    writeFileSync(
      join(workspace, 'plugins/tsconfig.json'),
      '{ "extends": "../tsconfig.base.json" }',
    )
    expect(JSON.parse(read('plugins/my-nas/manifest.json'))).toMatchObject({ name: 'my-nas' })
    expect(read('plugins/my-nas/README.md')).toContain('| `read` | read | `proc` | read files')
    expect(JSON.parse(read('tsconfig.build.json')).references).toContainEqual({
      path: './plugins/my-nas/tsconfig.build.json',
    })
    const jest = 'node_modules/jest/bin/jest.js'
    const tests = run(jest, 'plugins/my-nas')
    expect(tests.output).toMatch(/^1[0-9] passed, 0 failed$/m)
    expect(tests.exitCode).toBe(0)
    const types = run('node_modules/typescript/bin/tsc', '-p', 'plugins/tsconfig.json')
    expect(types).toEqual({ exitCode: 0, output: '' })
    const format = run('node_modules/oxfmt/bin/oxfmt', '--list-different', 'plugins/my-nas')
    expect(format).toEqual({ exitCode: 0, output: '' })
  }, 120_000)

  it('refuses a name that is taken, and leaves what is there', () => {
    mkdirSync(join(workspace, 'plugins/taken'))
    const { exitCode, output } = newPlugin('taken')
    expect(exitCode).toBe(2)
    expect(output).toContain('plugins/taken exists already')
    expect(readdirSync(join(workspace, 'plugins/taken'))).toEqual([])
  })

  it.each(['My-Nas', '9lives', '../outside', 'a/b', '', 'with space', '-x', 'a'.repeat(33), 'a\n'])(
    'refuses the name %j and writes nothing',
    (name) => {
      const before = readdirSync(join(workspace, 'plugins'))
      const { exitCode, output } = newPlugin(name)
      expect(exitCode).toBe(2)
      expect(output).toContain('ERR_PLUGIN_NAME')
      expect(output).toContain('lower-case')
      expect(readdirSync(join(workspace, 'plugins'))).toEqual(before)
    },
  )

  it('says how it is used when the name is missing or there are two', () => {
    expect(newPlugin()).toMatchObject({ exitCode: 2, output: expect.stringContaining('usage') })
    expect(newPlugin('a', 'b')).toMatchObject({ exitCode: 2 })
  })
})
