// SPDX-License-Identifier: Apache-2.0
/** `npm run coverage`: unit suites in Jest's own runtime, which can count, and every branch of a decision is tested. */
import config from './jest.config.js'

const [{ runtime, ...unit }] = config.projects

export default {
  ...config,
  projects: [
    {
      ...unit,
      extensionsToTreatAsEsm: ['.ts'],
      transform: { '\\.ts$': '<rootDir>/tools/strip-types.js' },
      // Jest takes the conditions below for `require` too, and this one must not get the wrapper that is meant for `import`.
      moduleNameMapper: { '^pg-pool$': '<rootDir>/node_modules/pg-pool/index.js' },
      testEnvironment: 'node',
      testEnvironmentOptions: {
        customExportConditions: ['@sallyport/source', 'node', 'import', 'default'],
      },
    },
  ],
  coverageProvider: 'babel',
  coverageThreshold: Object.fromEntries(
    ['protocol', 'crypto', 'schedules', 'admission', 'audit'].map((row) => [
      `./core/src/${row}/`,
      { branches: 100 },
    ]),
  ),
  collectCoverageFrom: ['{sdk,core,hub,agent,cli,plugins/*}/src/**/*.ts'],
}
