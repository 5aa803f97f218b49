// SPDX-License-Identifier: Apache-2.0
/** The shape of the error tables. */

/** What a code says and what to do about it, each in one or two sentences for an operator. */
export interface ErrorEntry {
  readonly meaning: string
  readonly remedy: string
}

/** Entries by code. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>
