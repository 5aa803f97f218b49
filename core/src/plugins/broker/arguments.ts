// SPDX-License-Identifier: Apache-2.0
/** Reads the arguments of handle calls, which a plugin may have made up. */
import { CodedError } from '@sallyport/sdk'
import { decodeBase64url } from '../../protocol/index.ts'

/** The text at a place in the arguments. Throws: ERR_ARGUMENT_FORM. */
export function textArgument(
  args: readonly unknown[],
  at: number,
  name: string,
  maxLength: number,
): string {
  const value = args[at]
  if (typeof value === 'string' && value.length <= maxLength && !value.includes('\0')) return value
  throw new CodedError(
    'ERR_ARGUMENT_FORM',
    `${name} must be a text of at most ${maxLength} characters`,
  )
}

/** The list of texts at a place in the arguments. Throws: ERR_ARGUMENT_FORM. */
export function textsArgument(
  args: readonly unknown[],
  at: number,
  name: string,
  limits: { maxCount: number; maxLength: number },
): string[] {
  const value = args[at]
  if (Array.isArray(value) && value.length <= limits.maxCount) {
    return value.map((_, index) =>
      textArgument(value, index, `${name}[${index}]`, limits.maxLength),
    )
  }
  throw new CodedError(
    'ERR_ARGUMENT_FORM',
    `${name} must be a list of at most ${limits.maxCount} texts`,
  )
}

/** The bytes at a place in the arguments, which arrive as `{ $bytes: base64url }`. Throws: ERR_ARGUMENT_FORM. */
export function bytesArgument(
  args: readonly unknown[],
  at: number,
  name: string,
  maxBytes: number,
): Uint8Array {
  const value = args[at]
  const bytes = isWrapped(value) ? decoded(value.$bytes) : undefined
  if (bytes !== undefined && bytes.byteLength <= maxBytes) return bytes
  throw new CodedError('ERR_ARGUMENT_FORM', `${name} must be at most ${maxBytes} bytes`)
}

/** Whether an argument is bytes, whatever is in them. */
export function isWrapped(value: unknown): value is { readonly $bytes: string } {
  const isObject = typeof value === 'object' && value !== null
  return isObject && '$bytes' in value && typeof value.$bytes === 'string'
}

function decoded(text: string): Uint8Array | undefined {
  try {
    return decodeBase64url(text)
  } catch {
    return undefined
  }
}
