// SPDX-License-Identifier: Apache-2.0
/** Jest transformer: removes TypeScript types with Node's own stripper; positions stay, so no source map is needed. */
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: undefined,
}
