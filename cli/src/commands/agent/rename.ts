// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent rename`: gives an agent's host another name. */
import { string as stringArg } from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { codeFlags } from '../../code-flags.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class AgentRename extends BaseCommand {
  static override summary = 'Give the host of an agent another name'
  static override description =
    'Policies and customers go by the name, and an operator signed it for this host, so under another name it is an agent anew: this says what goes by the ' +
    'old name, and prints the one line to run on the host. When that was run, the old one is sent away and its name is free. ' +
    'Run it again to see whether that was so, or for a new code.'
  static override examples = [
    { description: 'Rename pve3 to nas', command: 'sallyport agent rename pve3 nas' },
    { description: 'In a script', command: 'sallyport agent rename pve3 nas --yes --json' },
    {
      description: 'With a day to run the line',
      command: 'sallyport agent rename pve3 nas --valid 24h',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name that the agent has' }),
    new: stringArg({ required: true, description: 'Name that it shall have' }),
  }
  static override flags = {
    ...codeFlags,
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentRename)
    const { agentRename } = await import('../../work/agent-rename.ts')
    const request = {
      from: args.name,
      to: args.new,
      isAgreed: flags.yes,
      lifetimeMs: parseDuration('valid', flags.valid),
      mustConfirm: flags.confirm,
      addresses: flags.address,
    }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      agentRename(operator, this.talk(flags), request),
    )
  }
}
