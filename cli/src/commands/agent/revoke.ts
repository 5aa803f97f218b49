// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent revoke`: sends an agent away. */
import { string as stringArg } from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class AgentRevoke extends BaseCommand {
  static override summary = 'Send an agent away: the hub serves it no more'
  static override description =
    'Its open poll ends at once, its tokens open nothing, and its key is never taken again, at every process of the hub. A code that was not used ends too. Its name is free for another.'
  static override examples = [
    { description: 'A host that was given away', command: 'sallyport agent revoke pve1' },
    { description: 'In a script', command: 'sallyport agent revoke pve1 --yes --json' },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentRevoke)
    const { agentRevoke } = await import('../../work/agent-revoke.ts')
    const request = { name: args.name, isAgreed: flags.yes }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      agentRevoke(operator, this.talk(flags), request),
    )
  }
}
