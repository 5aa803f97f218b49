// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent code`: a one-time code that makes a host an agent. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { codeFlags } from '../../code-flags.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class AgentCode extends BaseCommand {
  static override summary = 'Make a one-time code that lets a host become an agent'
  static override description =
    'The code carries the address of the hub, a fingerprint of the trust root, so the hub cannot put other operators in your place, ' +
    'and a secret that proves to you that the agent you will see is the one you gave the code to.'
  static override examples = [
    { description: 'Print the line to run on the host', command: 'sallyport agent code pve1' },
    { description: 'Valid for a day', command: 'sallyport agent code pve1 --valid 24h' },
    {
      description: 'For a host that reaches the hub at another address than you',
      command: 'sallyport agent code pve1 --address https://hub.example:8440',
    },
    {
      description: 'Over a channel that others read: they may take the code, and are not let in',
      command: 'sallyport agent code pve1 --confirm',
    },
    {
      description:
        'For another host that takes the place of one; `agent rename` is for the same host',
      command: 'sallyport agent code nas --instead-of pve3',
    },
    {
      description: 'For a host that was set up anew',
      command: 'sallyport agent code pve1 --replace',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the host, as jobs will address it' }),
  }
  static override flags = {
    ...codeFlags,
    replace: boolean({
      default: false,
      summary: 'Let it take the place of the agent that has this name',
    }),
    'instead-of': string({
      helpValue: '<name>',
      summary:
        'Let it take the place of the agent of that name, which is sent away when it has come',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentCode)
    const lifetimeMs = parseDuration('valid', flags.valid)
    const [{ agentCode, expectAgentName }, home] = [
      await import('../../work/agent-code.ts'),
      this.home(flags),
    ]
    expectAgentName(args.name)
    const { replace: isReplacing, confirm: mustConfirm, address: addresses } = flags
    const insteadOf = flags['instead-of']
    const asked = { name: args.name, lifetimeMs, isReplacing, insteadOf, mustConfirm, addresses }
    await withOperator({ home, flags }, (operator) => agentCode(operator, this.talk(flags), asked))
  }
}
