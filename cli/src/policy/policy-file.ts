// SPDX-License-Identifier: Apache-2.0
/** Reads a policy file, and shows what is wrong with it as a compiler would: the place, the line, a hint. */
import { readFile } from 'node:fs/promises'
import type { PolicyProblem } from '@sallyport/core/policy'
import { counted } from '../output/words.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'

/** A policy as it lies in a file. */
export interface PolicyFile {
  readonly file: string
  readonly text: string
}

/** Reads the file as UTF-8. Throws: ERR_POLICY_FORM when it is not. */
export async function readPolicyFile(file: string): Promise<PolicyFile> {
  const bytes = await readFile(file)
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (cause) {
    throw new Problem('ERR_POLICY_FORM', `${file} is not text in UTF-8`, {
      exit: EXIT.refused,
      unharmed: 'Nothing was signed or sent.',
      remedy: 'Save it as UTF-8.',
      cause,
    })
  }
}

/** Problems as people read them. */
export function problemLines(
  { file, text }: PolicyFile,
  problems: readonly PolicyProblem[],
  paint: Paint,
): string {
  const lines = text.split('\n')
  return problems
    .map(({ kind, line, column, message, hint }) => {
      const head = kind === 'error' ? paint.bad('error') : paint.warn('warning')
      const shown = (lines[line - 1] ?? '').replaceAll('\t', ' ').trimEnd()
      const number = String(line)
      const blank = ' '.repeat(number.length)
      return [
        `${head} ${file}:${line}:${column}  ${safeText(message)}`,
        `  ${paint.dim(`${number} |`)} ${safeText(shown)}`,
        `  ${paint.dim(`${blank} |`)} ${' '.repeat(Math.max(0, column - 1))}${paint.strong('^')}`,
        ...(hint === null ? [] : [`  ${blank}   hint: ${safeText(hint)}`]),
      ].join('\n')
    })
    .join('\n')
}

/** Stops at a policy with errors. Throws: ERR_POLICY_FORM. */
export function expectNoErrors({ file }: PolicyFile, problems: readonly PolicyProblem[]): void {
  const errors = problems.filter(({ kind }) => kind === 'error')
  if (errors.length === 0) return
  const what = `${file} has ${counted(errors.length, 'error')}`
  throw new Problem('ERR_POLICY_FORM', what, {
    exit: EXIT.refused,
    details: { problems: errors.slice(0, 16) },
    unharmed: 'Nothing was signed or sent; the policy that stands goes on.',
    remedy: 'Correct the lines, then look again:',
    commands: [`sallyport policy check ${file}`],
  })
}
