// SPDX-License-Identifier: Apache-2.0
/** Passphrases: from a file or asked on a terminal; never from the arguments, which every process can read. */
import { readFile } from 'node:fs/promises'
import { Secret } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MIN_LENGTH = 8
const MAX_FILE_BYTES = 4_096

/** Where a passphrase comes from and what is said when it is asked for. */
export interface PassphraseSource {
  /** Path of a file that holds it; without one it is asked for. */
  readonly file: string | undefined
  readonly question: string
  /** Asks twice and wants a certain length: for a passphrase that is being chosen. */
  readonly isNew?: boolean
}

/**
 * Gets the passphrase.
 *
 * Throws: ERR_PASSPHRASE_NEEDED without a file and a terminal, ERR_PASSPHRASE_WEAK, ERR_PASSPHRASE_FILE.
 */
export async function getPassphrase(source: PassphraseSource): Promise<Secret> {
  const { file } = source
  const passphrase = file === undefined ? await ask(source) : await readPassphrase(file)
  if (source.isNew === true && passphrase.reveal().length < MIN_LENGTH) throw weak()
  return passphrase
}

/** Asks for a code, unseen. Throws: ERR_PASSPHRASE_NEEDED without a terminal. */
export async function getCode(question: string): Promise<string> {
  expectTerminal()
  return (await askHidden(question)).reveal()
}

async function readPassphrase(file: string): Promise<Secret> {
  const text = (await readFile(file, 'utf8')).slice(0, MAX_FILE_BYTES)
  // A line break at the end is the editor's, not the person's.
  const passphrase = text.replace(/\r?\n$/, '')
  if (passphrase !== '' && !passphrase.includes('\n')) return new Secret(passphrase)
  throw new Problem('ERR_PASSPHRASE_FILE', `${file} does not hold one line`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'The passphrase file holds the passphrase alone, on one line.',
  })
}

async function ask({ question, isNew }: PassphraseSource): Promise<Secret> {
  expectTerminal()
  const typed = await askHidden(question)
  if (isNew === true && (await askHidden('The same again')).reveal() !== typed.reveal()) {
    throw new Problem('ERR_PASSPHRASE_WEAK', 'the two passphrases differ', {
      exit: EXIT.usage,
      unharmed: 'Nothing was changed.',
      remedy: 'Run the command again.',
    })
  }
  return typed
}

async function askHidden(message: string): Promise<Secret> {
  const { password } = await import('@inquirer/prompts')
  return new Secret(
    await password({ message, mask: false, toggleMask: false }, { output: process.stderr }),
  )
}

function expectTerminal(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return
  throw new Problem(
    'ERR_PASSPHRASE_NEEDED',
    'the passphrase cannot be asked for: this is no terminal',
    {
      exit: EXIT.usage,
      unharmed: 'Nothing was changed.',
      remedy:
        'Name a file that holds it and that only you can read: --passphrase-file, or SALLYPORT_PASSPHRASE_FILE.',
    },
  )
}

function weak(): Problem {
  return new Problem('ERR_PASSPHRASE_WEAK', `a passphrase has at least ${MIN_LENGTH} characters`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'Some five random words are easy to keep and hard to guess.',
  })
}
