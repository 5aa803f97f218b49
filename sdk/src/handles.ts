// SPDX-License-Identifier: Apache-2.0
/** The objects a job gets for its permissions. Each call is checked and made by the agent, outside the sandbox. */

/** Reads files and folders below the approved paths; symbolic links are resolved before the check. */
export interface FileReader {
  /** The whole file as UTF-8 text. Throws ERR_HANDLE_DENIED, ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_LIMIT. */
  text(path: string): Promise<string>
  /** The whole file as bytes. Throws as `text` does. */
  bytes(path: string): Promise<Uint8Array>
  /** Absolute paths of the entries of a folder, sorted; empty when the folder does not exist. */
  list(path: string): Promise<string[]>
}

/** What an approved program printed. `exitCode` is null when a signal ended it. */
export interface ProgramResult {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the one approved program; never through a shell. */
export interface ProgramRunner {
  /** Runs the program with arguments of the approved shape. Throws ERR_HANDLE_DENIED, ERR_PROGRAM_NOT_FOUND, ERR_LIMIT. */
  run(args: readonly string[]): Promise<ProgramResult>
}

/** A private folder of small values that outlives the job; shared by the jobs of one plugin on one agent. */
export interface StateStore {
  /** The value, or undefined when there is none. */
  get(key: string): Promise<string | undefined>
  /** Replaces the value atomically. Throws ERR_LIMIT when the quota is used up. */
  set(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  /** All keys, sorted. */
  keys(): Promise<string[]>
}
