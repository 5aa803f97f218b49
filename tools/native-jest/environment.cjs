// SPDX-License-Identifier: Apache-2.0
/** Jest environment without a realm of its own: the suite runs in the worker's. */
'use strict'

module.exports = class NativeEnvironment {
  global = globalThis
  #exit = process.exit

  getVmContext() {
    return null
  }

  async setup() {}

  /** Jest wraps it for each suite. */
  async teardown() {
    process.exit = this.#exit
  }
}
