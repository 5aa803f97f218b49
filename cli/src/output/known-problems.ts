// SPDX-License-Identifier: Apache-2.0
/** Turns every error that can reach a command into a problem with its exit code and its remedy. */
import { errorEntryOf } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { Problem } from './problem.ts'

const UNTOUCHED = 'Nothing was changed.'

/** What a code's table entry does not say: the exit code where it is not "failed", and what is unharmed. */
const MORE: Readonly<Record<string, { exit: ExitCode; unharmed?: string }>> = {
  ERR_AGENT_DOUBTFUL: { exit: EXIT.refused, unharmed: 'Nothing was sent to it.' },
  ERR_ALREADY_ENROLLED: { exit: EXIT.refused, unharmed: 'The agent there goes on as it is.' },
  ERR_BINDING_FORM: { exit: EXIT.usage, unharmed: 'Nothing was bound.' },
  ERR_CODE_CHECKSUM: { exit: EXIT.usage, unharmed: 'The code was not spent.' },
  ERR_CODE_FORM: { exit: EXIT.usage, unharmed: 'No code was spent.' },
  ERR_CONFIRM_CODE_FORM: { exit: EXIT.usage, unharmed: 'The hub was not asked.' },
  ERR_ENROLMENT_UNTRUSTED: { exit: EXIT.refused },
  ERR_HUB_ADDRESS: { exit: EXIT.usage },
  ERR_HUB_BACKUP: { exit: EXIT.refused, unharmed: 'The database was not touched.' },
  ERR_HUB_NOT_EMPTY: { exit: EXIT.refused, unharmed: 'The database was not touched.' },
  ERR_HUB_SCHEMA_NEWER: { exit: EXIT.refused, unharmed: 'The database was not touched.' },
  ERR_HUB_TIMEOUT: { exit: EXIT.unreachable },
  ERR_HUB_UNREACHABLE: { exit: EXIT.unreachable },
  ERR_KEY_FILE_MODE: { exit: EXIT.refused, unharmed: 'The keys were not used.' },
  ERR_MAIL_DOUBTFUL: { exit: EXIT.refused },
  ERR_NOT_IN_SITE: { exit: EXIT.refused },
  ERR_PASSPHRASE: { exit: EXIT.refused, unharmed: 'The keys are as they were.' },
  ERR_RESULT_UNVERIFIED: { exit: EXIT.unknown, unharmed: 'The true record is on the host.' },
  ERR_STATE_LOCKED: { exit: EXIT.refused, unharmed: 'The process that holds the folder goes on.' },
  ERR_STATE_MODE: { exit: EXIT.refused, unharmed: 'The folder was not used.' },
}

const FILE_REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Give this account the right to it, or name another.',
  EPERM: 'Give this account the right to it, or name another.',
  EROFS: 'Name a folder that can be written.',
  ENOSPC: 'Free some space.',
  ENOENT: 'See whether the path is right.',
  EISDIR: 'Name a file, not a folder.',
  ENOTDIR: 'See whether the path is right.',
  EMFILE: 'Raise the limit of open files (ulimit -n).',
}

/** The problem that an error is. An error that nobody foresaw is a fault of this program and says so. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  return (
    usageProblem(error) ??
    hubProblem(error) ??
    knownProblem(error) ??
    fileProblem(error) ??
    leftProblem(error) ??
    bug(error)
  )
}

function usageProblem(error: unknown): Problem | undefined {
  if (!isParserError(error)) return undefined
  const [first = 'the command line is not right', ...rest] = error.message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'See more help with --help')
  // A headline that ends in a colon is followed by a line for each name with its description, or by what is wrong.
  const named = first.endsWith(':') ? rest.flatMap(nameAndAbout) : []
  const isWrapped = named.length === 0 && (first.endsWith(':') || first.startsWith('Parsing --'))
  const message = isWrapped
    ? `${first.startsWith('Parsing ') ? `${first.slice(8).trim()}: ` : ''}${rest.map(lowerFirst).join(', ')}`
    : `${first} ${named.map(([name]) => name).join(', ')}`
  return new Problem('ERR_USAGE', lowerFirst(message.trim()), {
    exit: EXIT.usage,
    details: Object.fromEntries(named),
    unharmed: 'Nothing was done.',
    remedy: 'Add --help to see how it is used.',
    cause: error,
  })
}

function nameAndAbout(line: string): [name: string, about: string][] {
  const [, name, about = ''] = /^([\w-]+)(?:\s{2,}(.*))?$/.exec(line) ?? []
  return name === undefined ? [] : [[name, about]]
}

/** The hub's own code says more than that it said no. */
function hubProblem(error: unknown): Problem | undefined {
  if (!isCodedError(error) || error.code !== 'ERR_HUB_REFUSED') return undefined
  const { details } = error as unknown as { details: { status: number; code: string } }
  const entry = errorEntryOf(details.code) ?? errorEntryOf(error.code)
  return new Problem(error.code, `the hub said no: ${error.message}`, {
    exit: details.status >= 500 ? EXIT.failed : EXIT.refused,
    details: { ...details },
    unharmed: UNTOUCHED,
    remedy: entry?.remedy ?? '',
    cause: error,
  })
}

function knownProblem(error: unknown): Problem | undefined {
  if (!isCodedError(error)) return undefined
  const entry = errorEntryOf(error.code)
  if (entry === undefined || error.code === 'ERR_INTERNAL') return undefined
  const { exit, unharmed } = MORE[error.code] ?? { exit: EXIT.failed }
  const { remedy: _, ...details } = detailsOf(error)
  return new Problem(error.code, error.message, {
    exit,
    details,
    unharmed: unharmed ?? UNTOUCHED,
    remedy: entry.remedy,
    cause: error,
  })
}

function fileProblem(error: unknown): Problem | undefined {
  if (!isCodedError(error) || !('syscall' in error) || !(error.code in FILE_REMEDIES))
    return undefined
  const path = 'path' in error ? ` on ${String(error.path)}` : ''
  return new Problem(error.code, `${String(error.syscall)} failed${path}`, {
    exit: EXIT.failed,
    unharmed: UNTOUCHED,
    remedy: FILE_REMEDIES[error.code]!,
    cause: error,
  })
}

/** A question that was left with Ctrl-C. */
function leftProblem(error: unknown): Problem | undefined {
  const isLeft =
    typeof error === 'object' &&
    error !== null &&
    'name' in error &&
    error.name === 'ExitPromptError'
  if (!isLeft) return undefined
  return new Problem('ERR_NOT_CONFIRMED', 'you left the question', {
    exit: EXIT.refused,
    unharmed: UNTOUCHED,
    remedy: '',
    cause: error,
  })
}

function bug(error: unknown): Problem {
  const message = isCodedError(error) ? `${error.message} [${error.code}]` : String(error)
  return new Problem('ERR_BUG', `sallyport met a fault of its own: ${message}`, {
    exit: EXIT.bug,
    unharmed: 'What agents did before this is in their audit logs.',
    remedy: 'Run it again with --debug and report what it prints; no secret is in it.',
    cause: error,
  })
}

function detailsOf(error: object): Record<string, unknown> {
  return 'details' in error ? { ...(error.details as Record<string, unknown>) } : {}
}

/** The parser throws its own classes, all with exit code 2 under `oclif`. */
function isParserError(error: unknown): error is Error & { oclif: { exit: number } } {
  if (typeof error !== 'object' || error === null || !('oclif' in error)) return false
  const { oclif } = error
  return typeof oclif === 'object' && oclif !== null && 'exit' in oclif && oclif.exit === EXIT.usage
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
