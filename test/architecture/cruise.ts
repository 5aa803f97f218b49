// SPDX-License-Identifier: Apache-2.0
/** Runs the import rules over a tree and gives back what they found. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { repositoryRoot } from './tree.ts'

const CRUISER = join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
const CONFIG = join(repositoryRoot, '.dependency-cruiser.mjs')
const FOLDERS = ['sdk', 'core', 'hub', 'agent', 'cli', 'plugins', 'test', 'tools']

/** One broken rule. */
export interface Violation {
  readonly rule: string
  readonly from: string
  readonly to: string
}

/** What the rules found, and how many files they looked at. */
export interface Cruise {
  readonly violations: readonly Violation[]
  readonly fileCount: number
}

interface Report {
  summary: {
    totalCruised: number
    violations: { rule: { name: string }; from: string; to: string }[]
  }
}

/** Applies the repository's rules to the tree at `root`, which has the repository's folders. */
export async function cruise(root: string): Promise<Cruise> {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', ...FOLDERS]
  const { summary } = JSON.parse(await outputOf(args, root)) as Report
  return {
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    fileCount: summary.totalCruised,
  }
}

function outputOf(args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', () => (stdout === '' ? reject(new Error(stderr)) : resolve(stdout)))
  })
}
