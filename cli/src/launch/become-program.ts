// SPDX-License-Identifier: Apache-2.0
/** Becomes a hub or an agent: this process is replaced by theirs, so that signals and exit codes are theirs alone. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { compileCacheFolder } from './compile-cache.ts'

/** What a program of ours may see of the environment. Everything else could steer Node or a library. */
const KEPT = /^(PATH|HOME|TZ|LANG|SALLYPORT_[A-Z_]+)$/

/** The operator's own; an agent gets the file with its passphrase by a flag. */
const OPERATORS_OWN = 'SALLYPORT_PASSPHRASE_FILE'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A program of this product. */
export type ProgramName = '@sallyport/hub/main' | '@sallyport/agent/main' | 'sallyport/sim'

/** What starts a program. */
export interface Launch {
  readonly file: string
  /** Without the program's own path, which stands first when it runs. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How a program is started: this Node, from sources where they run here, without the debugger's signal. */
export function launchOf(program: ProgramName, args: readonly string[]): Launch {
  const main = fileURLToPath(import.meta.resolve(program))
  const conditions = process.execArgv.filter((arg) => arg.startsWith('--conditions='))
  // The authority of a hub of one's own is among those that the system believes.
  const flags = [
    ...['--disable-sigusr1', '--use-system-ca', '--disable-warning=ExperimentalWarning'],
    ...conditions,
  ]
  const cache = compileCacheFolder()
  return {
    file: process.execPath,
    args: [...flags, main, ...args],
    env: {
      ...cleanEnvironment(process.env),
      ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }),
    },
  }
}

/** The part of an environment that a program of ours may see. */
export function cleanEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(env).filter(
    ([name, value]) => KEPT.test(name) && name !== OPERATORS_OWN && value !== undefined,
  )
  return Object.fromEntries(kept) as Record<string, string>
}

/** Replaces this process; where the system cannot, stays as a parent that passes signals and the exit code on. */
export async function becomeProgram(
  program: ProgramName,
  args: readonly string[],
): Promise<number> {
  const { file, args: all, env } = launchOf(program, args)
  if (typeof process.execve === 'function') process.execve(file, ['node', ...all], env)
  const child = spawn(file, all, { env, stdio: 'inherit' })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    )
  })
}
