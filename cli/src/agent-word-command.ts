// SPDX-License-Identifier: Apache-2.0
/** What `agent release` and `agent revoke` share: one agent by name, a question, and word to the hub. */
import { string as stringArg } from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { BaseCommand } from './base-command.ts'
import { operatorFlags, withOperator } from './operator-flags.ts'
import type { Operator } from './operator/operator.ts'
import type { Talk } from './output/talk.ts'

/** What is done about the agent once the command line is read. */
export type AgentWord = (
  operator: Operator,
  talk: Talk,
  request: { readonly name: string; readonly isAgreed: boolean },
) => Promise<void>

/** A command that says to the hub what becomes of an agent. */
export abstract class AgentWordCommand extends BaseCommand {
  static override args = {
    name: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    ...operatorFlags,
  }

  /** Loads what is done. */
  protected abstract word(): Promise<AgentWord>

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentWordCommand)
    const say = await this.word()
    const request = { name: args.name, isAgreed: flags.yes }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      say(operator, this.talk(flags), request),
    )
  }
}
