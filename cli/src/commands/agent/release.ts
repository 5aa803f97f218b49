// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent release`: lets an agent go on of which two ran. */
import { string as stringArg } from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class AgentRelease extends BaseCommand {
  static override summary = 'Let an agent go on that was stopped because two ran with its identity'
  static override description =
    'Two programs with one identity are both stopped, because nobody can say which is right. Stop one, remove its state directory, then release the other. Or enrol one of them anew.'
  static override examples = [
    { description: 'Once the copy is gone', command: 'sallyport agent release pve1' },
    { description: 'In a script', command: 'sallyport agent release pve1 --yes --json' },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentRelease)
    const { agentRelease } = await import('../../work/agent-release.ts')
    const request = { name: args.name, isAgreed: flags.yes }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      agentRelease(operator, this.talk(flags), request),
    )
  }
}
