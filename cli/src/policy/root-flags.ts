// SPDX-License-Identifier: Apache-2.0
/** The flags of commands that sign policies: those of root keys, without a file to pass on. */
import { rootFlags } from '../root-flags.ts'

const { out: _out, ...flags } = rootFlags

/** Flags of `policy publish` and `policy sign`. */
export const policyRootFlags: Omit<typeof rootFlags, 'out'> = flags
