// SPDX-License-Identifier: Apache-2.0
/** Which refusals count as an invalid attempt, and against whom. */

/** Refusals of requests that no program of ours makes: they are malformed, or claim what they cannot prove. */
const MALFORMED: readonly string[] = [
  'ERR_REQUEST_FORM',
  'ERR_JSON_FORM',
  'ERR_JSON_DUPLICATE_KEY',
  'ERR_JSON_SIZE',
  'ERR_CURSOR',
  'ERR_KEY_FORM',
  'ERR_KEY_WEAK',
  'ERR_HTTP',
  'ERR_HEADERS_SIZE',
  'ERR_BODY_SIZE',
  'ERR_MEDIA_TYPE',
  'ERR_REQUEST_TIMEOUT',
]

/** Refusals of those who are not who they say; nobody is known to have made these, so they count for the address. */
const UNPROVEN: readonly string[] = [
  'ERR_SESSION',
  'ERR_SESSION_PROOF',
  'ERR_DPOP_PROOF',
  'ERR_CONFIRM_CODE',
  'ERR_DPOP_PROOF',
  'ERR_POSSESSION',
  'ERR_CODE_REFUSED',
  'ERR_ROUTE_UNKNOWN',
]

/** Refusals of what a known key was not to do. */
const MISUSED: readonly string[] = ['ERR_ROLE', 'ERR_AUDIT_HEAD', 'ERR_BUNDLE_DIGEST']

/**
 * Whether a refusal counts against the address it came from.
 *
 * Trust: whatever is not known to be a key's own doing counts here, a proof with a good signature too that was replayed or
 * made for another hub: whoever has seen it once could send it, and would lock out its maker.
 */
export function countsForSource(code: string): boolean {
  return MALFORMED.includes(code) || UNPROVEN.includes(code)
}

/** Whether a refusal counts against the key whose live session made the request. */
export function countsForKey(code: string): boolean {
  return MALFORMED.includes(code) || MISUSED.includes(code)
}
