// SPDX-License-Identifier: Apache-2.0
/** One Jest for the whole repository: sources run un-built, loaded by Node itself, which strips their types. */
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { makeScratch } from './tools/native-jest/scratch.js'

/** What one run leaves for the next. */
const kept = join(tmpdir(), `sallyport-tests-${userInfo().uid}`)
// Programs that suites start find there what others have compiled.
process.env['NODE_COMPILE_CACHE'] ??= join(kept, 'compiled')
makeScratch()

/** What both projects share. */
const common = {
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/plugin-template/'],
  modulePathIgnorePatterns: ['/dist/', '/plugin-template/'],
  transform: {},
  globalSetup: '<rootDir>/tools/native-jest/compile-programs.js',
  setupFilesAfterEnv: ['<rootDir>/test/support/matchers.ts'],
  testEnvironment: '<rootDir>/tools/native-jest/environment.cjs',
  runtime: '<rootDir>/tools/native-jest/runtime.cjs',
}

/** Starts PostgreSQL and Redis for the hubs of suites. */
const stores = {
  globalSetup: '<rootDir>/tools/native-jest/start-stores.js',
  globalTeardown: '<rootDir>/tools/native-jest/end-stores.js',
}
/** Whether all suites are to use them: `HUB_STORES=postgres npm test -- <suite>`. */
if (process.env['HUB_STORES'] === 'postgres') Object.assign(common, stores)

/** Suites about what a hub keeps, who may have it, and what is done to it: on PostgreSQL and Redis as well. */
const ON_BOTH = [
  'hub/test/{enrolments,envelopes,sessions,postings,witness,trust-roots,segments}.test.ts',
  'hub/test/{two-sites,drain}.test.ts',
  'hub/test/http/{strictness,bundles}.test.ts',
  'hub/test/sessions/dpop.test.ts',
  'test/attack/{enrolment,hub-tampering}.test.ts',
]

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
      setupFilesAfterEnv: [...common.setupFilesAfterEnv, '<rootDir>/test/support/long-timeout.ts'],
    },
    {
      ...common,
      ...stores,
      displayName: 'on PostgreSQL and Redis',
      testMatch: ON_BOTH.map((suites) => `<rootDir>/${suites}`),
      testEnvironmentOptions: { environment: { HUB_STORES: 'postgres' } },
      setupFilesAfterEnv: [...common.setupFilesAfterEnv, '<rootDir>/test/support/long-timeout.ts'],
    },
  ],
  // For unit suites; Jest takes no time-out from a project, so the others set theirs in test/support/long-timeout.ts.
  testTimeout: 120_000,
  // Two more than the cores that CI has: many tests wait for a program or a socket.
  maxWorkers: 4,
  testSequencer: '<rootDir>/tools/mixed-sequencer.js',
  cacheDirectory: join(kept, 'jest'),
  reporters: ['default', '<rootDir>/tools/closing-line.ts'],
}
