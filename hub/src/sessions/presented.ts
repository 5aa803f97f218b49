// SPDX-License-Identifier: Apache-2.0
/** What a request shows of whoever makes it, before any of it is believed. */

/** What was presented. */
export interface Presented {
  readonly method: string
  /** Path without query, as it came. */
  readonly path: string
  readonly token: string | undefined
  readonly proof: string | undefined
}

/** Why a request counts as nobody's. */
export interface Denial {
  readonly code: 'ERR_SESSION' | 'ERR_SESSION_PROOF' | 'ERR_DPOP_PROOF' | 'ERR_DPOP_NONCE'
  /**
   * The key by which it was made beyond doubt: its signature or its token holds, it had not been used before, and only
   * the use was wrong. Undefined for everything that somebody else can send.
   */
  readonly keyId?: string | undefined
}

/** Compares two paths by their decoded segments, so that nothing between client and hub has to keep each spelling. */
export function isSamePath(left: string, right: string): boolean {
  const [a, b] = [segmentsOf(left), segmentsOf(right)]
  return (
    a !== undefined && b !== undefined && a.length === b.length && a.every((s, i) => s === b[i])
  )
}

function segmentsOf(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}
