// SPDX-License-Identifier: Apache-2.0
/** The version of this program, as its package says. */
import manifest from '../package.json' with { type: 'json' }

/** Semantic version. */
export const AGENT_VERSION: string = manifest.version
