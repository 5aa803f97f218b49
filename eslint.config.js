// SPDX-License-Identifier: Apache-2.0
/** What the linter asks. Each exemption is a named list at the top, so that a reviewer sees it grow. */
import { defineConfig, globalIgnores } from 'eslint/config'
import jsdoc from 'eslint-plugin-jsdoc'
import tseslint from 'typescript-eslint'
import { local } from './tools/lint/index.ts'

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

/** Rules against what an `any` lets through. */
const UNSAFE = ['assignment', 'member-access', 'argument', 'call', 'return'].map(
  (what) => `@typescript-eslint/no-unsafe-${what}`,
)

const off = (files, ...rules) => ({
  files,
  rules: Object.fromEntries(rules.map((rule) => [rule, 'off'])),
})

export default defineConfig(
  globalIgnores(['**/dist/', '**/coverage/', '**/plugin-template/', '**/*.json']),
  {
    files: ['**/*.{ts,js,cjs,mjs}'],
    plugins: { local },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
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
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  {
    files: SOURCES,
    plugins: { jsdoc },
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'ExportAllDeclaration', message: 'Name each export: an index is a list.' },
      ],
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: { esm: true },
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          contexts: [
            'TSInterfaceDeclaration',
            // A type inferred from the schema of the same name is documented there.
            'TSTypeAliasDeclaration:not([typeAnnotation.typeName.right.name="infer"])',
            'ExportNamedDeclaration > VariableDeclaration',
          ],
          enableFixer: false,
        },
      ],
      'local/no-loose-json': 'error',
      'local/no-process-env': 'error',
      'local/no-reveal': 'error',
    },
  },
  // Source: ADR 0006, "Decision".
  { files: ['plugins/proxmox/**'], rules: { 'local/spdx-line': ['error', 'GPL-3.0-or-later'] } },
  { files: PURE, rules: { 'local/no-ambient-time-or-chance': 'error' } },
  { files: TESTS, rules: { 'local/no-module-mocking': 'error' } },
  off(READS_ENVIRONMENT, 'local/no-process-env'),
  off(PARSES_JSON, 'local/no-loose-json'),
  off(REVEALS_SECRETS, 'local/no-reveal'),
  { files: ['**/*.test-d.ts'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  // A job type may have any shape; the SDK forgets it in one named type.
  off(['sdk/src/**'], ...UNSAFE),
  // The summary of a command is a property of its class, where its help takes it from.
  off(['cli/src/commands/**'], 'jsdoc/require-jsdoc'),
  // Programs that try to break out of the sandbox, to see that they cannot.
  off(
    ['core/src/plugins/sandbox/probe-*.ts', 'test/attack/plugins/**'],
    ...UNSAFE,
    'local/no-process-env',
    'local/no-shell',
    'no-new-func',
    '@typescript-eslint/no-implied-eval',
    '@typescript-eslint/consistent-type-imports',
  ),
  // Kysely's builders are meant to be taken apart.
  off(['hub/src/stores/**'], '@typescript-eslint/unbound-method'),
  // A test looks at answers whose shape it is about to check.
  off(
    TESTS,
    ...UNSAFE,
    '@typescript-eslint/no-explicit-any',
    '@typescript-eslint/unbound-method',
    '@typescript-eslint/await-thenable',
    'max-params',
  ),
)
