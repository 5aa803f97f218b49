// SPDX-License-Identifier: Apache-2.0
/**
 * Every error code of the project: the single source of the tables in `docs/errors.md`.
 * A new code is one entry in the file of its area; a test fails while one is missing or no longer used.
 */
import { AGENT_ERRORS } from './agent.ts'
import { BYTES_ERRORS } from './bytes.ts'
import { COMMAND_LINE_ERRORS } from './command-line.ts'
import type { ErrorEntry, ErrorTable } from './entry.ts'
import { HUB_ERRORS } from './hub.ts'
import { KEY_ERRORS } from './keys.ts'
import { PLUGIN_CODE_ERRORS } from './plugin-code.ts'
import { RUN_ERRORS } from './runs.ts'

export type { ErrorEntry, ErrorTable }

/** The tables by the heading under which the documentation shows them. */
export const ERROR_AREAS: Readonly<Record<string, ErrorTable>> = {
  'Runs and the sandbox': RUN_ERRORS,
  'The code of a plugin': PLUGIN_CODE_ERRORS,
  'Bytes and their form': BYTES_ERRORS,
  'Keys and trust': KEY_ERRORS,
  'The agent': AGENT_ERRORS,
  'The hub, and the way to it': HUB_ERRORS,
  'The command line': COMMAND_LINE_ERRORS,
}

/** Every entry by its code. */
export const ERRORS = {
  ...AGENT_ERRORS,
  ...BYTES_ERRORS,
  ...COMMAND_LINE_ERRORS,
  ...HUB_ERRORS,
  ...KEY_ERRORS,
  ...PLUGIN_CODE_ERRORS,
  ...RUN_ERRORS,
} as const satisfies ErrorTable

/** A stable error code. */
export type ErrorCode = keyof typeof ERRORS

/** The entry of a code; undefined for the code of a plugin, of Node or of a vendor package. */
export function errorEntryOf(code: string): ErrorEntry | undefined {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : undefined
}
