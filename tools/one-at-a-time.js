// SPDX-License-Identifier: Apache-2.0
/** Jest runner for the suites that start programs: one suite at a time, so that they do not starve each other of a core. */
import DefaultRunner from 'jest-runner'

/** The default runner with a single worker process. */
export default class OneAtATimeRunner extends DefaultRunner {
  constructor(config, context) {
    super({ ...config, maxWorkers: 1 }, context)
  }
}
