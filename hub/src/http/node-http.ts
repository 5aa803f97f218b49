// SPDX-License-Identifier: Apache-2.0
/**
 * What the hub itself needs of Node's module for HTTP.
 *
 * Why not imported: an `import` reads whatever the module exports, and so loads all of `fetch`, a tenth of a start.
 */
export const { STATUS_CODES, createServer } = process.getBuiltinModule('node:http')
