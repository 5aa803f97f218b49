// SPDX-License-Identifier: Apache-2.0
/** Runs the real command line as a process of its own, with no terminal, in a home of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { commandLine } from '../../../test/support/programs.ts'

/** Folder of the repository. */
export const ROOT = resolve(import.meta.dirname, '..', '..', '..')

/** The launcher that people start. */
export const PROGRAM = join(ROOT, 'cli', 'bin', 'sallyport')

/** What a run printed and how it ended. */
export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How a run is made. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** In place of the command line: the launcher, or a copy of it. */
  readonly program?: string
}

/** A home that is there for one suite, with the file of a passphrase. */
export interface TestHome extends AsyncDisposable {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly passphraseFile: string
}

/** Makes a home. */
export async function makeHome(): Promise<TestHome> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  const passphraseFile = join(folder, 'passphrase')
  await writeFile(
    passphraseFile,
    '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
    { mode: 0o600 },
  )
  return {
    folder,
    passphraseFile,
    env: { SALLYPORT_HOME: folder, SALLYPORT_PASSPHRASE_FILE: passphraseFile },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Runs the command line to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env
  const { program } = options
  const [file, all] = program ? [program, args] : [process.execPath, await commandLine(args)]
  const child = spawn(file, all, {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (exitCode) => done({ exitCode, stdout, stderr }))
  })
}

/** The one JSON document on stdout. Throws when there is more or less than one. */
export function documentOf(ended: Ended): Record<string, any> {
  return JSON.parse(ended.stdout) as Record<string, any>
}
