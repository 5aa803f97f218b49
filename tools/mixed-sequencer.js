// SPDX-License-Identifier: Apache-2.0
/** Jest sequencer: spreads the suites that start programs, and mostly wait, evenly among those that compute. */
import DefaultSequencer from '@jest/test-sequencer'

/** Takes minutes, and Jest only sees a short file: begins first, so that the rest of the run does not wait for it. */
const LONGEST = 'test/simulation/simulation.test.ts'

/** Longest first in both kinds, and both come to their end together. */
export default class MixedSequencer extends DefaultSequencer {
  async sort(tests) {
    const sorted = await super.sort(tests)
    const isProgram = (test) => test.context.config.displayName?.name === 'programs'
    const [programs, units] = [sorted.filter(isProgram), sorted.filter((test) => !isProgram(test))]
    return [...spread(programs), ...spread(units)]
      .sort((a, b) => a.place - b.place)
      .map(({ test }) => test)
  }
}

/** Gives each its place between 0 and 1. */
function spread(tests) {
  return tests.map((test, index) => ({
    test,
    place: test.path.endsWith(LONGEST) ? -1 : index / tests.length,
  }))
}
