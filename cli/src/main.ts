// SPDX-License-Identifier: Apache-2.0
/** The command line: finds the command, lets oclif parse and run it, and answers every error with one screen. */
import { COMMAND_FILES, TOPICS, commandIdOf, loadCommands } from './command-table.ts'
import { EXIT } from './output/exit-codes.ts'
import { IS_SOURCE, PROGRAM_FOLDER, VERSION } from './program.ts'

/** What oclif reads from a package.json; given in code, so that nothing on disk can add commands. */
const PACKAGE = {
  name: 'sallyport',
  version: VERSION,
  description: 'Sign, send and verify jobs from your own machine',
  type: 'module',
  oclif: {
    bin: 'sallyport',
    dirname: 'sallyport',
    topicSeparator: ' ',
    commands: {
      strategy: 'explicit',
      target: IS_SOURCE ? './src/command-table.ts' : './dist/command-table.js',
      identifier: 'COMMANDS',
    },
    topics: TOPICS,
    additionalHelpFlags: ['-h'],
    helpOptions: { flagSortOrder: 'none', maxWidth: 100 },
  },
} as const

/** Runs one command line and returns its exit code. */
export async function main(argv: string[]): Promise<number> {
  if (argv[0] === '--version' || argv[0] === 'version') {
    process.stdout.write(`sallyport ${VERSION} (node ${process.version.slice(1)})\n`)
    return EXIT.done
  }
  try {
    await runCommand(argv)
  } catch (error) {
    const { reportError } = await import('./output/report-error.ts')
    return reportError(error, argv)
  }
  return Number(process.exitCode ?? EXIT.done)
}

async function runCommand(given: string[]): Promise<void> {
  const argv = given[0] === 'help' ? [...given.slice(1), '--help'] : given
  const id = commandIdOf(argv)
  if (id === undefined) await refuseUnknown(argv)
  await loadCommands(id === undefined ? Object.keys(COMMAND_FILES) : [id])
  const { run, settings } = await import('./oclif.ts')
  settings.enableAutoTranspile = false
  await run(argv, {
    root: PROGRAM_FOLDER,
    pjson: PACKAGE as never,
    // Plugins of oclif would run beside the operator's keys with every right: there are none.
    userPlugins: false,
    devPlugins: false,
    ignoreManifest: true,
  })
}

async function refuseUnknown(argv: readonly string[]): Promise<void> {
  const { unknownCommand } = await import('./unknown-command.ts')
  const problem = unknownCommand(argv, Object.keys(COMMAND_FILES), Object.keys(TOPICS))
  if (problem !== undefined) throw problem
}
