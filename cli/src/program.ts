// SPDX-License-Identifier: Apache-2.0
/** What this program is called and where its files are. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }

/** Folder of the package. */
export const PROGRAM_FOLDER: string = fileURLToPath(new URL('..', import.meta.url))

/** Version of the command line; hub, agent and command line share one number. */
export const VERSION: string = manifest.version

/** Whether the sources run, un-built. */
export const IS_SOURCE: boolean =
  import.meta.url.endsWith('.ts') && existsSync(`${PROGRAM_FOLDER}src`)
