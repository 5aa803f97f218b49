// SPDX-License-Identifier: Apache-2.0
/** What every simulator of an outside system is to those who serve it: a function from a request to an answer. */

/** A request as it came over the wire. */
export interface ServedRequest {
  readonly method: string
  /** The whole path with query, as it was sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** An answer, or one of the ways in which a connection goes wrong. */
export type ServedAnswer =
  | {
      readonly status: number
      readonly reason: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      /** Time to wait before the answer. Units: milliseconds. */
      readonly delayMs: number
    }
  /** Closes the connection without a byte. */
  | { readonly ends: 'reset'; readonly delayMs: number }
  /** Never answers. */
  | { readonly ends: 'hang' }

/** Answers one request. */
export type Handle = (request: ServedRequest) => ServedAnswer
