// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent enrol`: makes this host an agent. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class AgentEnrol extends BaseCommand {
  static override summary = 'Make this host an agent, with the code an operator gave'
  static override description =
    'The keys of the agent are made here and stay here. What comes back from the hub is believed only ' +
    'if the operator whose fingerprint the code carries has signed it.'
  static override examples = [
    {
      description: 'With the line that `sallyport agent code` printed',
      command: 'sallyport agent enrol SP2-…',
    },
    {
      description: 'Where this host reaches the hub at another address than the code says',
      command: 'sallyport agent enrol SP2-… --hub https://hub.example:8440',
    },
    {
      description: 'Where an agent is already that was sent away, copied or lost its place',
      command: 'sallyport agent enrol SP2-… --anew',
    },
    {
      description: 'A second agent on the same host',
      command: 'sallyport agent enrol SP2-… --state-dir /var/lib/agent-2',
    },
  ]
  static override args = {
    code: stringArg({ required: true, description: 'The one-time code' }),
  }
  static override flags = {
    hub: string({ helpValue: '<url>', summary: 'Address of the hub; else what the code says' }),
    anew: boolean({
      default: false,
      summary:
        'Set aside the agent that is here, with its keys, journal and bindings, and begin anew',
    }),
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
    'passphrase-file': string({
      helpValue: '<file>',
      summary:
        "Lock the agent's keys under the passphrase in this file, not under a random one beside them",
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentEnrol)
    const { agentEnrol } = await import('../../work/agent-enrol.ts')
    await agentEnrol(this.talk(flags), {
      code: args.code,
      hub: flags.hub,
      isAnew: flags.anew,
      stateDir: flags['state-dir'] ?? this.home(flags).agent,
      passphraseFile: flags['passphrase-file'],
      startFlags: ['home', 'state-dir', 'passphrase-file']
        .map((name) => [name, flags[name as 'home' | 'state-dir' | 'passphrase-file']] as const)
        .map(([name, value]) => (value === undefined ? '' : ` --${name} ${value}`))
        .join(''),
    })
  }
}
