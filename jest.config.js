// SPDX-License-Identifier: Apache-2.0
/** One Jest for the whole repository: sources run un-built, types are stripped by Node itself. */
export default {
  testMatch: ['<rootDir>/**/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/plugin-template/'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.js' },
  testEnvironment: 'node',
  testEnvironmentOptions: {
    customExportConditions: ['@sallyport/source', 'node', 'import', 'default'],
  },
  testTimeout: 20_000,
  coverageProvider: 'babel',
  collectCoverageFrom: ['{sdk,core,hub,agent,cli,plugins/*}/src/**/*.ts'],
}
