// SPDX-License-Identifier: Apache-2.0
/** One Jest for the whole repository: sources run un-built, types are stripped by Node itself. */
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

// Programs that suites start find there what others have compiled.
const cache = join(tmpdir(), `sallyport-tests-${userInfo().uid}`, 'compiled')
process.env['NODE_COMPILE_CACHE'] ??= cache

/** What both projects share. */
const common = {
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/plugin-template/'],
  modulePathIgnorePatterns: ['/dist/', '/plugin-template/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.js' },
  setupFilesAfterEnv: ['<rootDir>/test/support/matchers.ts'],
  // Jest takes the conditions below for `require` too, and this one must not get the wrapper that is meant for `import`.
  moduleNameMapper: { '^pg-pool$': '<rootDir>/node_modules/pg-pool/index.js' },
  testEnvironment: 'node',
  testEnvironmentOptions: {
    customExportConditions: ['@sallyport/source', 'node', 'import', 'default'],
  },
}

/** Suites that start hub, agent and command line as processes. */
const PROGRAMS = 'test/(e2e|attack|faults)'

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/**/test/**/*.test.ts'],
      testPathIgnorePatterns: [...common.testPathIgnorePatterns, `<rootDir>/${PROGRAMS}/`],
    },
    {
      ...common,
      displayName: 'programs',
      testMatch: ['<rootDir>/test/{e2e,attack,faults}/**/*.test.ts'],
      setupFilesAfterEnv: [...common.setupFilesAfterEnv, '<rootDir>/test/support/patience.ts'],
    },
  ],
  // For unit suites; Jest takes no time-out from a project, so the others set theirs in test/support/patience.ts.
  testTimeout: 20_000,
  // Two more than the cores that CI has: many tests wait for a program or a socket.
  maxWorkers: 4,
  testSequencer: '<rootDir>/tools/mixed-sequencer.js',
  reporters: ['default', '<rootDir>/tools/closing-line.ts'],
  coverageProvider: 'babel',
  // `npm run coverage`: every branch of a decision is tested.
  coverageThreshold: Object.fromEntries(
    ['protocol', 'crypto', 'schedules', 'admission', 'audit'].map((row) => [
      `./core/src/${row}/`,
      { branches: 100 },
    ]),
  ),
  collectCoverageFrom: ['{sdk,core,hub,agent,cli,plugins/*}/src/**/*.ts'],
}
