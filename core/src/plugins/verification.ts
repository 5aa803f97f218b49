// SPDX-License-Identifier: Apache-2.0
/** What a second look found, from the word of the plugin that looked. */
import type { Verification } from '@sallyport/sdk'
import { MAX_VERIFICATION_MESSAGE, Verification as Form } from '../protocol/documents.ts'
import type { Failure } from '../protocol/index.ts'

/** Reads what `verify` returned. Trust: it is the plugin's word; what has another form says nothing. */
export function verificationOf(returned: unknown): Verification {
  const plain = typeof returned === 'object' && returned !== null ? returned : {}
  const { verdict, message } = plain as { verdict?: unknown; message?: unknown }
  const cut = typeof message === 'string' ? line(message) : message
  const parsed = Form.safeParse({ verdict, message: cut })
  if (parsed.success) return parsed.data
  const why = 'it returned no verdict with a message'
  return inconclusive({ code: 'ERR_OUTPUT_FORM', message: why })
}

/** The verdict of a second look that failed. */
export function inconclusive({ code, message }: Pick<Failure, 'code' | 'message'>): Verification {
  return { verdict: 'inconclusive', message: line(`${code}: ${message}`) }
}

/** Shown to operators as one line. */
function line(text: string): string {
  return text
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, MAX_VERIFICATION_MESSAGE)
    .toWellFormed()
}
