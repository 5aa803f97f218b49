// SPDX-License-Identifier: Apache-2.0
/** Error screens of the running program: what, why, what is unharmed, what to do. */
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { documentOf, makeHome, run } from './support/program.ts'
import type { Ended, TestHome } from './support/program.ts'

/** A port on loopback where nothing listens. */
const NO_HUB = 'http://127.0.0.1:9'

/** Processes share two cores with everything else. */
const SLOW_MS = 60_000

let home: TestHome
let empty: TestHome

beforeAll(async () => {
  ;[home, empty] = await Promise.all([makeHome(), makeHome()])
  expect(await run(['init', '--hub', NO_HUB], { env: home.env })).toMatchObject({ exitCode: 0 })
}, SLOW_MS)
afterAll(async () => {
  await home[Symbol.asyncDispose]()
  await empty[Symbol.asyncDispose]()
})

/** Every error is one screen on stderr with its code; stdout stays empty. */
function expectScreen(ended: Ended, exitCode: number, code: string): void {
  expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toMatchObject({ exitCode })
  expect(ended.stdout).toBe('')
  const lines = ended.stderr.trimEnd().split('\n')
  expect(lines[0]).toContain(`(${code})`)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.length).toBeLessThan(20)
  expect(ended.stderr).not.toMatch(/\n\s+at /)
}

interface Case {
  readonly what: string
  readonly args: string[]
  readonly exitCode: number
  readonly code: string
  readonly says: string
  readonly inEmptyHome?: boolean
  readonly withoutPassphrase?: boolean
}

const CASES: readonly Case[] = [
  {
    what: 'a command that is mistyped',
    args: ['job', 'rnu'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'sallyport job run',
  },
  {
    what: 'a command that is nothing known',
    args: ['frobnicate'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'sallyport --help',
  },
  {
    what: 'an unknown flag',
    args: ['job', 'list', '--frob'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: '--frob',
  },
  {
    what: 'a missing argument',
    args: ['job', 'show'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'job',
  },
  {
    what: 'a missing flag',
    args: ['job', 'run', 'a/b'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'agent',
  },
  {
    what: 'a word for a number',
    args: ['job', 'list', '--limit', 'many'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'many',
  },
  {
    what: 'a time without a unit',
    args: ['agent', 'code', 'pve1', '--valid', '10'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: '10m',
  },
  {
    what: 'a name with capitals',
    args: ['agent', 'code', 'PVE1'],
    exitCode: 2,
    code: 'ERR_USAGE',
    says: 'PVE1',
  },
  {
    what: 'a hub that is no address',
    args: ['agent', 'list', '--hub', 'nonsense'],
    exitCode: 2,
    code: 'ERR_HUB_ADDRESS',
    says: 'https://',
  },
  {
    what: 'plain http beyond loopback',
    args: ['agent', 'list', '--hub', 'http://hub.example'],
    exitCode: 2,
    code: 'ERR_HUB_ADDRESS',
    says: 'loopback',
  },
  {
    what: 'a hub that does not answer',
    args: ['agent', 'list'],
    exitCode: 4,
    code: 'ERR_HUB_UNREACHABLE',
    says: 'sallyport doctor',
  },
  {
    what: 'an operator that is there already',
    args: ['init'],
    exitCode: 3,
    code: 'ERR_OPERATOR_EXISTS',
    says: '--home',
  },
  {
    what: 'no operator',
    args: ['agent', 'list'],
    inEmptyHome: true,
    exitCode: 1,
    code: 'ERR_NO_OPERATOR',
    says: 'sallyport init',
  },
  {
    what: 'no operator to list approvals of',
    args: ['plugin', 'list'],
    inEmptyHome: true,
    exitCode: 1,
    code: 'ERR_NO_OPERATOR',
    says: 'sallyport init',
  },
  {
    what: 'a hub without a site',
    args: ['hub', 'start'],
    inEmptyHome: true,
    exitCode: 1,
    code: 'ERR_NO_SITE',
    says: 'sallyport init',
  },
  {
    what: 'an agent that is not enrolled',
    args: ['agent', 'start'],
    exitCode: 1,
    code: 'ERR_NOT_ENROLLED',
    says: 'sallyport agent code',
  },
  {
    what: 'an audit log that is not there',
    args: ['audit', 'verify'],
    exitCode: 1,
    code: 'ERR_NOT_ENROLLED',
    says: 'sallyport agent code',
  },
  {
    what: 'a code with a typing error',
    args: ['agent', 'enrol', 'SP2-ABCD', '--hub', NO_HUB],
    exitCode: 2,
    code: 'ERR_CODE_FORM',
    says: 'whole line',
  },
  {
    what: 'a passphrase without a terminal',
    args: ['agent', 'list'],
    withoutPassphrase: true,
    exitCode: 2,
    code: 'ERR_PASSPHRASE_NEEDED',
    says: '--passphrase-file',
  },
  {
    what: 'a bundle that is none',
    args: ['plugin', 'approve', '/etc/hostname', '--agent', 'pve1'],
    exitCode: 2,
    code: 'ERR_BUNDLE_FORM',
    says: 'plugin build',
  },
  {
    what: 'a bundle that is not there',
    args: ['plugin', 'approve', '/nowhere.spb', '--agent', 'pve1'],
    exitCode: 1,
    code: 'ENOENT',
    says: '/nowhere.spb',
  },
  {
    what: 'a folder that is no plugin',
    args: ['plugin', 'build', '/etc'],
    exitCode: 2,
    code: 'ERR_PLUGIN_FOLDER',
    says: 'package.json',
  },
]

function environmentOf(each: Case): Readonly<Record<string, string>> {
  if (each.inEmptyHome === true) return empty.env
  const { SALLYPORT_PASSPHRASE_FILE: _, ...bare } = home.env
  return each.withoutPassphrase === true ? bare : home.env
}

// A process costs a second here, so the cases take turns: every other one is asked for JSON.
const [SCREENS, DOCUMENTS] = [0, 1].map((half) => CASES.filter((_, index) => index % 2 === half))

describe('an error', () => {
  it.each(SCREENS!)(
    'for $what is one screen',
    async (each) => {
      const ended = await run(each.args, { env: environmentOf(each) })
      expectScreen(ended, each.exitCode, each.code)
      expect(ended.stderr).toContain(each.says)
    },
    SLOW_MS,
  )

  it.each(DOCUMENTS!)(
    'for $what is one document with --json',
    async (each) => {
      const ended = await run([...each.args, '--json'], { env: environmentOf(each) })
      expect(ended).toMatchObject({ exitCode: each.exitCode, stderr: '' })
      const document = documentOf(ended)
      expect(Object.keys(document)).toEqual(['error'])
      expect(Object.keys(document['error'] as object)).toEqual([
        'code',
        'message',
        'details',
        'remedy',
      ])
      expect(document['error']).toMatchObject({ code: each.code })
      expect(JSON.stringify(document)).toContain(each.says)
    },
    SLOW_MS,
  )

  it(
    'for a wrong passphrase is a refusal that shows neither passphrase',
    async () => {
      const wrong = join(home.folder, 'wrong')
      await writeFile(wrong, 'not the passphrase\n', { mode: 0o600 })
      const ended = await run(['agent', 'list', '--passphrase-file', wrong, '--debug'], {
        env: home.env,
      })
      expect(ended.exitCode).toBe(3)
      expect(ended.stderr).toContain('(ERR_PASSPHRASE)')
      expect(ended.stderr).not.toContain('not the passphrase')
      await rm(wrong)
    },
    SLOW_MS,
  )

  it(
    'for a key file that others can read names the remedy',
    async () => {
      const keys = join(home.folder, 'operator', 'keys.json')
      await chmod(keys, 0o644)
      expectScreen(await run(['agent', 'list'], { env: home.env }), 3, 'ERR_KEY_FILE_MODE')
      await chmod(keys, 0o600)
    },
    SLOW_MS,
  )

  it(
    'for a passphrase that is too short makes nothing',
    async () => {
      await using other = await makeHome()
      await writeFile(other.passphraseFile, 'short\n')
      expectScreen(await run(['init'], { env: other.env }), 2, 'ERR_PASSPHRASE_WEAK')
      expectScreen(await run(['plugin', 'list'], { env: other.env }), 1, 'ERR_NO_OPERATOR')
    },
    SLOW_MS,
  )

  it(
    'shows where it came from with --debug, and only then',
    async () => {
      const ended = await run(['agent', 'list', '--debug'], { env: home.env })
      expect(ended.exitCode).toBe(4)
      expect(ended.stderr).toMatch(/\n\s+at /)
    },
    SLOW_MS,
  )

  it(
    'has no escape sequences where there is no terminal, also when words hold some',
    async () => {
      const ended = await run(['job', '\u001b[31mred\u202e'], { env: home.env })
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).not.toMatch(/[\u001b\u202e]/)
      const json = await run(['job', '\u001b[31mred\u202e', '--json'], { env: home.env })
      expect(json.stdout).not.toMatch(/[\u001b\u202e]/)
      expect(documentOf(json)['error'].message).toContain('\\u001b')
    },
    SLOW_MS,
  )
})
