// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent unbind`: takes the meaning of a name away. */
import { string as stringArg } from '@oclif/core/args'
import { agentPlaceFlags } from '../../agent-place-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AgentUnbind extends BaseCommand {
  static override summary = 'Take away what a name stands for on this host'
  static override description =
    'Jobs that need the name are refused from then on; one that runs keeps the connections it has.'
  static override examples = [
    { description: 'One name of a plugin', command: 'sallyport agent unbind proxmox pve' },
    {
      description: 'On another agent of this host',
      command: 'sallyport agent unbind proxmox pve --state-dir /var/lib/agent-2',
    },
  ]
  static override args = {
    plugin: stringArg({ required: true, description: 'Name of the plugin' }),
    name: stringArg({ required: true, description: 'The name in its permissions' }),
  }
  static override flags = agentPlaceFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentUnbind)
    const { agentUnbind } = await import('../../work/agent-bind.ts')
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    const place = { stateDir, passphraseFile: flags['passphrase-file'] }
    await agentUnbind(this.talk(flags), place, args)
  }
}
