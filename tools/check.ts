// SPDX-License-Identifier: Apache-2.0
/** `npm run check`: everything that can be said about the repository without running it. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { repositoryRoot } from './generated.ts'

/** One step: the program to run, below node_modules or in the repository. */
interface Step {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
}

interface Outcome {
  readonly exitCode: number
  readonly output: string
  readonly seconds: string
}

const FOLDERS = ['sdk', 'core', 'hub', 'agent', 'cli', 'plugins', 'test', 'tools']

const STEPS: readonly Step[] = [
  { name: 'lint and types', program: 'node_modules/oxlint/bin/oxlint', args: [] },
  { name: 'format', program: 'node_modules/oxfmt/bin/oxfmt', args: ['--check', '.'] },
  {
    name: 'imports',
    program: 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--output-type', 'err-long', ...FOLDERS],
  },
  { name: 'generated files', program: 'tools/check-generated.ts', args: [] },
]

/** Steps at a time; while the first looks at types, the others end one after another. */
const LANES = 2

const waiting = [...STEPS]
let failedCount = 0

await Promise.all(Array.from({ length: LANES }, lane))
process.exitCode = failedCount === 0 ? 0 : 1

async function lane(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { exitCode, output, seconds } = await run(step)
    if (exitCode !== 0) failedCount += 1
    console.log(`${exitCode === 0 ? 'ok      ' : 'FAILED  '} ${step.name}  ${seconds} s`)
    if (exitCode !== 0) console.log(output)
  }
}

function run({ program, args }: Step): Promise<Outcome> {
  const startedAt = performance.now()
  const flags = ['--conditions=@sallyport/source', '--disable-warning=ExperimentalWarning']
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, join(repositoryRoot, program), ...args], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (text: string) => (output += text)
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      resolve({ exitCode: code ?? 1, output, seconds })
    })
  })
}
