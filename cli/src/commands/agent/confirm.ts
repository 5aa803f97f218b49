// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent confirm`: lets in an agent that waits. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class AgentConfirm extends BaseCommand {
  static override summary = 'Let in an agent whose code was made with --confirm'
  static override description =
    'The agent shows the fingerprint of its key on its host and waits. Compare it with what is shown here: until then it gets nothing, and is nobody at the hub.'
  static override examples = [
    { description: 'Compare, then say yes', command: 'sallyport agent confirm pve1' },
    {
      description: 'In a script, with what was read on the host',
      command: 'sallyport agent confirm pve1 --fingerprint SHA256:…',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    fingerprint: string({
      helpValue: '<SHA256:…>',
      summary: 'What the host showed; another key is not let in, and nothing is asked',
    }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentConfirm)
    const { agentConfirm } = await import('../../work/agent-confirm.ts')
    const { fingerprint, yes: isAgreed } = flags
    const request = { name: args.name, fingerprint, isAgreed }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      agentConfirm(operator, this.talk(flags), request),
    )
  }
}
