// SPDX-License-Identifier: Apache-2.0
/** What every command has: the flags of all, the two voices, the home, and the way errors end it. */
import { Command } from '@oclif/core/command'
import { boolean, string } from '@oclif/core/flags'
import { homeLayout } from './home.ts'
import type { Home } from './home.ts'
import { makeTalk } from './output/talk.ts'
import type { Talk } from './output/talk.ts'

/** Flags that every command takes. */
export const commonFlags = {
  json: boolean({
    default: false,
    helpGroup: 'COMMON',
    summary: 'One JSON document on stdout, nothing else',
  }),
  quiet: boolean({
    default: false,
    helpGroup: 'COMMON',
    summary: 'Say nothing but the answer and warnings',
  }),
  'no-color': boolean({
    default: false,
    helpGroup: 'COMMON',
    summary: 'No colours, also where a terminal shows them',
  }),
  home: string({
    helpGroup: 'COMMON',
    helpValue: '<folder>',
    env: 'SALLYPORT_HOME',
    summary: 'Where keys and records are; else ~/.sallyport',
  }),
  debug: boolean({
    default: false,
    helpGroup: 'COMMON',
    summary: 'With an error, also print where it came from',
  }),
}

/** The values of the common flags. */
export interface CommonFlags {
  readonly json: boolean
  readonly quiet: boolean
  readonly 'no-color': boolean
  readonly home?: string | undefined
  readonly debug: boolean
}

/**
 * A command of this program.
 *
 * Throws: from `run` whatever it meets; `main` turns that into the one error screen and the exit code.
 */
export abstract class BaseCommand extends Command {
  static override baseFlags = commonFlags

  /** Errors pass through: oclif would print them in a way of its own. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }

  /** The voices of this run. */
  protected talk(flags: CommonFlags): Talk {
    return makeTalk({
      isJson: flags.json,
      isQuiet: flags.quiet,
      isColoured: !flags['no-color'],
    })
  }

  /** The folders of this run. */
  protected home(flags: CommonFlags): Home {
    return homeLayout(flags.home)
  }

  /** Sets the exit code of a run that ended as it should but whose answer is not good news. */
  protected end(code: number): void {
    process.exitCode = code
  }
}
