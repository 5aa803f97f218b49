// SPDX-License-Identifier: Apache-2.0
/** Each local lint rule, by what it lets pass and what it catches. */
import { RuleTester } from 'oxlint/plugins-dev'
import { local } from '../index.ts'

const tester = new RuleTester({ languageOptions: { parserOptions: { lang: 'ts' } } })

/** One case for each text: `caught` must give exactly one report. */
function check(
  name: keyof typeof local.rules,
  messageId: string,
  cases: { passes: string[]; caught: string[] },
): void {
  tester.run(name, local.rules[name], {
    valid: cases.passes,
    invalid: cases.caught.map((code) => ({ code, errors: [{ messageId }] })),
  })
}

check('no-ambient-time-or-chance', 'ambient', {
  passes: [
    'new Date(ms).toISOString()',
    'clock.now()',
    'Date.parse(text)',
    'Math.max(1, 2)',
    `import { createHash, sign } from 'node:crypto'`,
    `import { randomBytes } from './elsewhere.js'`,
  ],
  caught: [
    'Date.now()',
    `Date['now']()`,
    'const now = Date.now',
    'new Date()',
    'Date()',
    'Math.random()',
    'performance.now()',
    'setTimeout(run, 1)',
    'crypto.randomUUID()',
    `import { randomBytes } from 'node:crypto'`,
    `import { generateKeyPairSync } from 'crypto'`,
  ],
})

check('no-process-env', 'environment', {
  passes: ['process.pid', 'config.env', `import { pid } from 'node:process'`],
  caught: [
    'process.env.HOME',
    `process['env']`,
    'const { env } = process',
    `import { env } from 'node:process'`,
  ],
})

check('no-loose-json', 'loose', {
  passes: ['JSON.stringify(1)', 'parseJson(bytes, 10)', 'z.json()', 'async () => await a.json(1)'],
  caught: [
    'JSON.parse(text)',
    `JSON['parse'](text)`,
    'const parse = JSON.parse',
    'const { parse } = JSON',
    'async () => await answer.json()',
  ],
})

check('no-shell', 'shell', {
  passes: [
    `spawn('/usr/bin/sensors', ['-j'])`,
    `spawn(program, args, { shell: false })`,
    `import { spawn } from 'node:child_process'`,
    'pattern.exec(text)',
    `exec('/usr/bin/sensors', ['-j'])`,
  ],
  caught: [
    `spawn('ls', { shell: true })`,
    `spawn('ls', { shell: choice })`,
    `spawn('/bin/sh', ['-c', text])`,
    `spawnSync('bash', args)`,
    `import { exec } from 'node:child_process'`,
    `import { execSync as run } from 'child_process'`,
    `childProcess.exec('ls')`,
  ],
})

check('no-reveal', 'revealed', {
  passes: ['secret.toString()', 'reveal()'],
  caught: ['secret.reveal()', `secret['reveal']()`, 'const { reveal } = secret'],
})

check('no-module-mocking', 'mocked', {
  passes: ['jest.fn()', `jest.spyOn(process.stdout, 'write')`, `jest.spyOn(fake, 'now')`],
  caught: [
    `jest.mock('./a.js')`,
    `jest.unstable_mockModule('./a.js', make)`,
    `jest.doMock('./a.js')`,
    `import * as store from './store.js'; jest.spyOn(store, 'open')`,
  ],
})

check('named-export', 'unnamed', {
  passes: ['export const a = 1', `export { a } from './a.js'`, `import a from './a.js'`],
  caught: ['export default 1', 'export default function run() {}', 'export default class {}'],
})

check('named-export', 'all', {
  passes: [`export type { A } from './a.js'`],
  caught: [`export * from './a.js'`, `export * as a from './a.js'`, `export type * from './a.js'`],
})

check('documented-export', 'missing', {
  passes: [
    '/** Runs. */\nexport function run() {}',
    '/** Runs. */\nfunction run() {}\nexport { run }',
    '/** Any job. */\n// oxlint-disable-next-line a/rule\nexport type Any = Job',
    '/** One. */ export const one = 1',
    'function run() {}',
    'interface Job { id: string }',
    `export { run } from './run.js'`,
    'export type Job = z.infer<typeof Job>',
    '/** A job. */\nexport class Job { run() {} }',
    '/** Makes one. */\nexport const make = () => { function inner() {} }',
  ],
  caught: [
    'export function run() {}',
    'export async function* run() {}',
    'export class Job {}',
    'export abstract class Job {}',
    'export interface Job { id: string }',
    'export type Job = string',
    'export type Job = z.input<typeof Job>',
    'export const one = 1',
    'export let { one } = all',
    'function run() {}\nexport { run }',
    'type Job = string\nexport type { Job }',
    'function run() {}\nexport { run as start }',
    '// Runs.\nexport function run() {}',
    '/* Runs. */\nexport function run() {}',
    '/** A file. */\n\nexport function run() {}',
    `/** A file. */\nimport { a } from './a.js'\nexport const b = a`,
  ],
})

const SPDX = '// SPDX-License-Identifier: Apache-2.0\n'

tester.run('spdx-line', local.rules['spdx-line'], {
  valid: [`${SPDX}run()`, `#!/usr/bin/env node\n${SPDX}run()`],
  invalid: [
    { code: 'run()', output: `${SPDX}run()`, errors: [{ messageId: 'missing' }] },
    {
      code: '#!/usr/bin/env node\nrun()',
      output: `#!/usr/bin/env node\n${SPDX}run()`,
      errors: [{ messageId: 'missing' }],
    },
    {
      code: `${SPDX.replace('Apache-2.0', 'MIT')}run()`,
      output: `${SPDX}${SPDX.replace('Apache-2.0', 'MIT')}run()`,
      errors: [{ messageId: 'missing' }],
    },
  ],
})
