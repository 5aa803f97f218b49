// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent move`: another address of the hub. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class AgentMove extends BaseCommand {
  static override summary = 'Move the agent of this host to another address of its hub'
  static override description =
    'Stop the agent first. The new address is written down only once a hub there has opened a session for this agent; until then the old one stands. Keys, journal and bindings stay as they are.'
  static override examples = [
    {
      description: 'The hub has another name now',
      command: 'sallyport agent move https://hub.example:8440',
    },
    {
      description: 'An agent that lies elsewhere',
      command: 'sallyport agent move https://hub.example:8440 --state-dir /var/lib/agent-2',
    },
  ]
  static override args = {
    hub: stringArg({ required: true, description: 'Address of the hub from now on' }),
  }
  static override flags = {
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
    'passphrase-file': string({
      helpValue: '<file>',
      summary: 'File with the passphrase of its keys',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentMove)
    const { agentMove } = await import('../../work/agent-move.ts')
    const { expectEnrolled } = await import('../../work/agent-enrol.ts')
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    await expectEnrolled(stateDir)
    const passphraseFile = flags['passphrase-file']
    await agentMove(this.talk(flags), { hub: args.hub, stateDir, passphraseFile })
  }
}
