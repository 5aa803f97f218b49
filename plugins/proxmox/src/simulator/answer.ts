// SPDX-License-Identifier: GPL-3.0-or-later
/** Writes answers as pveproxy writes them. */
import { Buffer } from 'node:buffer'
import type { Call, SimAnswer } from './contract.ts'
import type { Format } from './decode.ts'
import type { World } from './world.ts'

/** What an operation ended with. */
export interface Outcome {
  readonly status: number
  /** The text of an error, without a line break at its end. */
  readonly message?: string
  readonly data?: unknown
  readonly errors?: Readonly<Record<string, string>> | undefined
  readonly attributes?: Call['attributes']
}

/** The end of a request: its outcome, and the answer that is written of it. */
export interface End extends Outcome {
  readonly answer: SimAnswer
}

const JSON_TYPE = 'application/json;charset=UTF-8'

/** An answer of the API in the format that was asked for; extjs wants status 200 and the truth in the body. */
export function writeOutcome(world: World, format: Format, outcome: Outcome): SimAnswer {
  const { status, message = '', data, errors, attributes } = outcome
  const isError = status >= 400
  const body = {
    data: data ?? null,
    ...(isError ? { message: `${message}\n` } : attributes),
    ...(errors === undefined ? {} : { errors }),
    ...(format === 'extjs' ? { success: isError ? 0 : 1, ...(isError ? { status } : {}) } : {}),
  }
  const isHidden = format === 'extjs' && isError
  return plain(world, {
    status: isHidden ? 200 : status,
    reason: isError && !isHidden ? message : 'OK',
    type: JSON_TYPE,
    body: JSON.stringify(body),
  })
}

/** An answer of the HTTP layer; without a type there is none in the head. */
export function plain(
  world: World,
  answer: { status: number; reason: string; body?: string; type?: string; delayMs?: number },
): Extract<SimAnswer, { status: number }> {
  const body = Buffer.from(answer.body ?? '', 'utf8')
  const date = new Date(world.now()).toUTCString()
  return {
    status: answer.status,
    reason: reasonPhrase(answer.reason),
    headers: {
      'Cache-Control': 'max-age=0',
      Connection: answer.status >= 400 ? 'close' : 'Keep-Alive',
      Date: date,
      Pragma: 'no-cache',
      Server: 'pve-api-daemon/3.0',
      'Content-Length': String(body.length),
      ...(answer.type === undefined ? {} : { 'Content-Type': answer.type }),
      ...(answer.type === JSON_TYPE ? { Expires: date } : {}),
    },
    body,
    delayMs: answer.delayMs ?? 0,
  }
}

/** The first line of a text, without what a status line cannot hold. */
function reasonPhrase(text: string): string {
  const line = Buffer.from(text.split('\n')[0]!, 'utf8').toString('latin1')
  return line.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}

/** Statuses with which pveproxy says that another node cannot be reached: the body is empty. */
export function isOfProxy(status: number): boolean {
  return status >= 595 && status <= 599
}

/** The same answer, after some time more. */
export function later(answer: SimAnswer, delayMs: number): SimAnswer {
  return 'delayMs' in answer ? { ...answer, delayMs: answer.delayMs + delayMs } : answer
}
