// SPDX-License-Identifier: Apache-2.0
/** Which headers of an answer a plugin gets to see. */

/** What concerns the connection or the credential, not the plugin. Source: RFC 9110, sections 7.6.1 and 11.6. */
const KEPT_BACK =
  /^(?:set-cookie2?|www-authenticate|authentication-info|proxy-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade)$/

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** Headers by lower-case name; one that is there several times is one list. `raw` holds names and values in turn. */
export function answerHeaders(raw: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (!NAME.test(name) || KEPT_BACK.test(name)) continue
    const before = headers.get(name)
    headers.set(name, before === undefined ? raw[at + 1]! : `${before}, ${raw[at + 1]!}`)
  }
  return Object.fromEntries(headers)
}
