// SPDX-License-Identifier: Apache-2.0
/** Jest runner for the suites that start programs: two at a time, so that they do not starve each other of a core. */
import DefaultRunner from 'jest-runner'

/** The default runner with two worker processes, whatever the machine has. */
export default class FewAtATimeRunner extends DefaultRunner {
  constructor(config, context) {
    super({ ...config, maxWorkers: 2 }, context)
  }
}
