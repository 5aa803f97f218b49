// SPDX-License-Identifier: Apache-2.0
/** The version of this hub. */
import { parseJson, Version } from '@sallyport/core/protocol'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const MAX_PACKAGE_BYTES = 65_536

/** Version in the package beside the sources. */
export function readVersion(): string {
  const bytes = readFileSync(new URL('../package.json', import.meta.url))
  return z.object({ version: Version }).parse(parseJson(bytes, MAX_PACKAGE_BYTES)).version
}
