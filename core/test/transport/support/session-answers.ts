// SPDX-License-Identifier: Apache-2.0
/** The two session routes of a raw hub. Each session gets the next token: t1, t2, … */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson } from './raw-server.ts'

const CHALLENGE = Buffer.alloc(32, 7).toString('base64url')
const EXPIRES_AT = '2099-01-01T00:00:00.000Z'
let tokenCount = 0

/** Answers the request if it is for one of them, and says whether it was. */
export function openToken(
  request: IncomingMessage,
  response: ServerResponse,
  _body: string,
  expiresAt = EXPIRES_AT,
): boolean {
  if (request.url === '/v1/sessions/challenges') {
    answerJson(response, { challenge: CHALLENGE, expiresAt: EXPIRES_AT })
    return true
  }
  if (request.url !== '/v1/sessions') return false
  tokenCount += 1
  answerJson(response, { token: `t${tokenCount}`, expiresAt })
  return true
}
