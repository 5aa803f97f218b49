// SPDX-License-Identifier: Apache-2.0
/** Jest environment without a realm of its own: the suite runs in the worker's. */
'use strict'

module.exports = class NativeEnvironment {
  global = globalThis
  #exit = process.exit
  #own
  #before = {}

  constructor({ projectConfig }) {
    this.#own = projectConfig.testEnvironmentOptions.environment ?? {}
  }

  getVmContext() {
    return null
  }

  /** What the project has the suite find in its environment. */
  async setup() {
    for (const name of Object.keys(this.#own)) this.#before[name] = process.env[name]
    Object.assign(process.env, this.#own)
  }

  /** Jest wraps it for each suite. */
  async teardown() {
    process.exit = this.#exit
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
