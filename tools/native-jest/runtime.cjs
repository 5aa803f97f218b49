// SPDX-License-Identifier: Apache-2.0
/**
 * Jest runtime that lets Node itself load the suites: with its own module loader, type stripping and compile cache, in
 * one realm. Modules are loaded once for all suites of a worker, where Jest's own runtime compiles them anew for each.
 * So a suite must not leave anything behind in a module or in the process.
 */
'use strict'
const { registerHooks } = require('node:module')
const { pathToFileURL } = require('node:url')

/** Where `globals.js` finds what Jest gave to the suite that runs. */
const GLOBALS = Symbol.for('sallyport.jest.globals')
/** Jest's own, kept on the global object of what it takes for a realm of one suite. */
const [EVENT_HANDLERS, TEST_TIMEOUT] = ['EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL'].map((name) =>
  Symbol.for(name),
)
const globalsUrl = pathToFileURL(require.resolve('./globals.js')).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals'
      ? { url: globalsUrl, format: 'module', shortCircuit: true }
      : next(specifier, context),
})

let suiteCount = 0

/** Has what Jest's runner asks of a runtime, and nothing about mocks of modules: there are none. */
class NativeRuntime {
  constructor() {
    suiteCount += 1
    delete globalThis[EVENT_HANDLERS]
    delete globalThis[TEST_TIMEOUT]
  }

  /** A new one for each suite: it holds the suite's tests. */
  requireInternalModule(path) {
    delete require.cache[path]
    return require(path)
  }

  setGlobalsForRuntime(globals) {
    const jest = { setTimeout: (ms) => void (globalThis[TEST_TIMEOUT] = ms) }
    globalThis[GLOBALS] = { ...globals, jest }
  }

  unstable_shouldLoadAsEsm() {
    return true
  }

  /** Why a query: what is loaded before each suite is to run for each. */
  unstable_importModule(path) {
    return import(`${pathToFileURL(path).href}?suite=${suiteCount}`)
  }

  requireModule(path) {
    return require(path)
  }

  getSourceMaps() {
    return new Map()
  }

  getAllCoverageInfoCopy() {
    return undefined
  }

  enterTestCode() {}
  leaveTestCode() {}
  teardown() {}
}

module.exports = { __esModule: true, default: NativeRuntime }
