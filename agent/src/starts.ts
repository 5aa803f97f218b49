// SPDX-License-Identifier: Apache-2.0
/** How often this agent's program was started here: with it the hub tells a restart from a second program with one identity. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { encodeBase64url, encodeJson, parseJson } from '@sallyport/core/protocol'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import type { ProgramInstance } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { z } from 'zod'

const INSTANCE_BYTES = 16
const MAX_BYTES = 1_024

/** Shape of `starts.json`. */
const Starts = z.strictObject({ format: z.literal('sallyport-starts-1'), count: z.int().min(0) })

/** Begins one start: draws its name, and counts it before anything is said to the hub. */
export function beginStart(stateDir: string): ProgramInstance {
  const path = join(stateDir, 'starts.json')
  const startCount = countIn(path)
  writeKeyFile(path, encodeJson({ format: 'sallyport-starts-1', count: startCount + 1 }))
  return { id: encodeBase64url(randomBytes(INSTANCE_BYTES)), startCount }
}

/** Why 0 for a file that cannot be read: it tells of the past, and no decision of the agent hangs on it. */
function countIn(path: string): number {
  try {
    const parsed = Starts.safeParse(parseJson(readKeyFile(path), MAX_BYTES))
    return parsed.success ? parsed.data.count : 0
  } catch (error) {
    if (isCodedError(error)) return 0
    throw error
  }
}
