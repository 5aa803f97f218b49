// SPDX-License-Identifier: Apache-2.0
/** Secrets from private files, from standard input or from a hidden question; never from the arguments. */
import { readKeyFile } from '@sallyport/core/stores'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

const MAX_LENGTH = 65_536

/** What stands for standard input in place of a path. */
export const STANDARD_INPUT = '-'

/**
 * The text of a secret file without the line break at its end.
 *
 * Shape: `-` is standard input; where that is a terminal, the secret is asked for and not shown.
 * Throws: ERR_KEY_FILE_… when others may read the file; ERR_BINDING_FORM when it holds no text.
 */
export async function readSecret(path: string, question: string): Promise<string> {
  const text = path === STANDARD_INPUT ? await fromStandardInput(question) : fromFile(path)
  const secret = text.replace(/\r?\n$/, '')
  if (secret !== '') return secret
  throw unusable(path, 'is empty')
}

/** Asks on the terminal, without showing what is typed; undefined where there is no terminal. */
export async function askHidden(message: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  const { password } = await import('@inquirer/prompts')
  return password({ message, mask: false, toggleMask: false }, { output: process.stderr })
}

function fromFile(path: string): string {
  const bytes = readPrivate(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unusable(path, 'is not text in UTF-8')
  }
}

function readPrivate(path: string): Uint8Array {
  try {
    return readKeyFile(path)
  } catch (error) {
    throw isCodedError(error) && error.code === 'ERR_KEY_FILE_MODE' ? exposed(error) : error
  }
}

async function fromStandardInput(question: string): Promise<string> {
  const typed = await askHidden(question)
  if (typed !== undefined) return typed
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > MAX_LENGTH) throw unusable('standard input', 'is too long for a secret')
  }
  return text
}

function unusable(path: string, why: string): Problem {
  return new Problem('ERR_BINDING_FORM', `${path} ${why}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was bound.',
    remedy:
      'Write the secret alone into a file that only you can read, or give it on standard input with "-".',
  })
}

function exposed(cause: { readonly message: string }): Problem {
  return new Problem('ERR_KEY_FILE_MODE', cause.message, {
    exit: EXIT.refused,
    unharmed: 'Nothing was bound.',
    remedy: 'If others may have read the secret, have a new one made first.',
    cause,
  })
}
