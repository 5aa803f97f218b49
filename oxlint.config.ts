// SPDX-License-Identifier: Apache-2.0
/** What the linter asks, types included. Each exemption is a named list at the top, so that a reviewer sees it grow. */
import { defineConfig, type DummyRuleMap, type OxlintOverride } from 'oxlint'

const PURE = ['core/src/{protocol,crypto,schedules,admission,audit}/**/*.ts']
const SOURCES = ['{sdk,core,hub,agent,cli,plugins/*}/src/**/*.ts']
const TESTS = ['**/test/**/*.ts']

/** Where a program starts and reads its environment. */
const READS_ENVIRONMENT = [
  '{hub,agent,cli}/src/{main,config,start}.ts',
  '{hub,agent,cli}/src/**/launch*.ts',
  'cli/src/launch/**',
  // The text of the program that runs inside the sandbox.
  'core/src/plugins/sandbox/child-program.ts',
]

/** Parsers that bring their own strictness, or that must tolerate what devices print. */
const PARSES_JSON = [
  'core/src/protocol/json.ts',
  'sdk/src/as-{do-request,fetch}.ts',
  'plugins/*/src/**',
  'tools/**',
  ...TESTS,
]

/** Where a secret is used. */
const REVEALS_SECRETS = [
  'core/src/{crypto,plugins,stores}/**',
  'agent/src/bindings/**',
  'cli/src/{operator,proxmox}/**',
  ...TESTS,
]

/** The rules by these names that typescript-eslint had first. */
const typescript = (...rules: string[]) => rules.map((rule) => `typescript/${rule}`)

/** Rules against what an `any` lets through. */
const UNSAFE = typescript(
  'no-unsafe-argument',
  'no-unsafe-assignment',
  'no-unsafe-call',
  'no-unsafe-member-access',
  'no-unsafe-return',
)

/** Rules against mistakes that types show, and against forms of the language that have a better one. */
const TYPED = [
  'no-array-constructor',
  'no-unused-expressions',
  'prefer-rest-params',
  'prefer-spread',
  ...typescript(
    'await-thenable',
    'ban-ts-comment',
    'no-array-delete',
    'no-duplicate-enum-values',
    'no-duplicate-type-constituents',
    'no-empty-object-type',
    'no-explicit-any',
    'no-extra-non-null-assertion',
    'no-floating-promises',
    'no-for-in-array',
    'no-implied-eval',
    'no-misused-new',
    'no-namespace',
    'no-non-null-asserted-optional-chain',
    'no-redundant-type-constituents',
    'no-require-imports',
    'no-this-alias',
    'no-unnecessary-type-assertion',
    'no-unnecessary-type-constraint',
    'no-unsafe-declaration-merging',
    'no-unsafe-enum-comparison',
    'no-unsafe-function-type',
    'no-unsafe-unary-minus',
    'no-wrapper-object-types',
    'prefer-as-const',
    'prefer-namespace-keyword',
    'prefer-promise-reject-errors',
    'restrict-plus-operands',
    'triple-slash-reference',
    'unbound-method',
  ),
]

/** The rules by these names, each as an error without options. */
const errors = (...rules: string[]): DummyRuleMap =>
  Object.fromEntries(rules.map((rule) => [rule, 'error']))

const off = (files: string[], ...rules: string[]): OxlintOverride => ({
  files,
  rules: Object.fromEntries(rules.map((rule) => [rule, 'off'])),
})

export default defineConfig({
  ignorePatterns: ['**/dist/', '**/coverage/', '**/plugin-template/'],
  plugins: ['typescript'],
  jsPlugins: [{ name: 'local', specifier: './tools/lint/index.ts' }],
  // Only what is named below.
  categories: { correctness: 'off' },
  env: { node: true },
  options: {
    typeAware: true,
    typeCheck: true,
    denyWarnings: true,
    reportUnusedDisableDirectives: 'error',
  },
  rules: {
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-eval': 'error',
    'no-implied-eval': 'error',
    'no-new-func': 'error',
    'no-var': 'error',
    'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
    'object-shorthand': 'error',
    'max-params': ['error', 4],
    'max-depth': ['error', 4],
    'local/spdx-line': 'error',
    'local/no-shell': 'error',
  },
  overrides: [
    {
      files: ['**/*.ts'],
      rules: {
        ...errors(...TYPED, ...UNSAFE),
        'no-unused-vars': [
          'error',
          { argsIgnorePattern: '^_', varsIgnorePattern: '^_', reportVarsOnlyUsedAsTypes: true },
        ],
        // The one of the same name in the list knows the types.
        'no-implied-eval': 'off',
        'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
        'typescript/switch-exhaustiveness-check': [
          'error',
          { considerDefaultExhaustiveForUnions: true },
        ],
        'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
        'typescript/only-throw-error': ['error', { allowThrowingUnknown: true }],
      },
    },
    {
      files: SOURCES,
      rules: errors(
        'no-console',
        'local/documented-export',
        'local/named-export',
        'local/no-loose-json',
        'local/no-process-env',
        'local/no-reveal',
      ),
    },
    // Source: ADR 0006, "Decision".
    { files: ['plugins/proxmox/**'], rules: { 'local/spdx-line': ['error', 'GPL-3.0-or-later'] } },
    { files: PURE, rules: { 'local/no-ambient-time-or-chance': 'error' } },
    { files: TESTS, rules: { 'local/no-module-mocking': 'error' } },
    off(READS_ENVIRONMENT, 'local/no-process-env'),
    off(PARSES_JSON, 'local/no-loose-json'),
    off(REVEALS_SECRETS, 'local/no-reveal'),
    off(['**/*.test-d.ts'], 'no-unused-vars'),
    // A job type may have any shape; the SDK forgets it in one named type.
    off(['sdk/src/**'], ...UNSAFE),
    // The summary of a command is a property of its class, where its help takes it from.
    off(['cli/src/commands/**'], 'local/documented-export'),
    // Programs that try to break out of the sandbox, to see that they cannot.
    off(
      ['core/src/plugins/sandbox/probe-*.ts', 'test/attack/plugins/**'],
      ...UNSAFE,
      'local/no-process-env',
      'local/no-shell',
      'no-new-func',
      'typescript/no-implied-eval',
      'typescript/consistent-type-imports',
    ),
    // Kysely's builders are meant to be taken apart.
    off(['hub/src/stores/**'], 'typescript/unbound-method'),
    // A test looks at answers whose shape it is about to check.
    off(
      TESTS,
      ...UNSAFE,
      'typescript/no-explicit-any',
      'typescript/unbound-method',
      'typescript/await-thenable',
      'max-params',
    ),
  ],
})
