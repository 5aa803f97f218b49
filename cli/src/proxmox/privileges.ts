// SPDX-License-Identifier: Apache-2.0
/** The rights that the plugin's job types need, as the plugin's own table says; written by `npm run docs`. */
import table from './privileges.json' with { type: 'json' }
import type { JobRights } from './rights.ts'

/** Rights by job name. Versions 8.4 to 9.2 ask for the same. */
export const JOB_RIGHTS: JobRights = table

/** The job names there are. */
export const JOB_NAMES: readonly string[] = Object.keys(table)
