// SPDX-License-Identifier: Apache-2.0
/** Which code the keys in a state directory were made for, so that an enrolment that was cut off goes on with them. */
import { join } from 'node:path'
import { encodeJson, parseJson } from '@sallyport/core/protocol'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'

const MAX_BYTES = 1_024

/** Shape of `code.json`. The hash is that which the hub has; it opens nothing. */
const CodeFile = z.strictObject({
  format: z.literal('sallyport-code-1'),
  redeemHash: z.string().max(64),
})

/** Whether the keys here were made for the code of this hash. A file that cannot be read is as good as none. */
export function isForCode(stateDir: string, redeemHash: string): boolean {
  try {
    const parsed = CodeFile.safeParse(parseJson(readKeyFile(pathIn(stateDir)), MAX_BYTES))
    return parsed.success && parsed.data.redeemHash === redeemHash
  } catch (error) {
    if (isCodedError(error)) return false
    throw error
  }
}

/** Says that the keys to come are for the code of this hash. */
export function writeCodeFile(stateDir: string, redeemHash: string): void {
  writeKeyFile(pathIn(stateDir), encodeJson({ format: 'sallyport-code-1', redeemHash }))
}

function pathIn(stateDir: string): string {
  return join(stateDir, 'code.json')
}
