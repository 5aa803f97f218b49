// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin list`: what this operator has approved, or what an agent holds. */
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginList extends BaseCommand {
  static override summary = 'Show what you have approved, or what an agent holds'
  static override description =
    'Read from the record on this machine; neither keys nor hub are needed. That a plugin is quarantined stands there ' +
    'once an agent has refused a job for it. On a host, --state-dir shows what the agent itself holds, and why not.'
  static override examples = [
    { description: 'What stands now', command: 'sallyport plugin list' },
    {
      description: 'Of one agent, with what was replaced',
      command: 'sallyport plugin list --agent pve1 --all',
    },
    {
      description: 'On a host: what its agent holds',
      command: 'sallyport plugin list --state-dir ~/.sallyport/agent',
    },
  ]
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only of this agent' }),
    'state-dir': string({
      helpValue: '<folder>',
      exclusive: ['agent'],
      summary: 'What the agent of this state directory holds, instead',
    }),
    all: boolean({ default: false, summary: 'Also what was replaced, has expired or was refused' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(PluginList)
    const stateDir = flags['state-dir']
    if (stateDir !== undefined) {
      const { expectEnrolled } = await import('../../work/agent-enrol.ts')
      await expectEnrolled(stateDir)
      const { pluginHeld } = await import('../../work/plugin-held.ts')
      return pluginHeld(this.talk(flags), { stateDir, isAll: flags.all })
    }
    const { pluginList } = await import('../../work/plugin-list.ts')
    await pluginList(this.home(flags), this.talk(flags), { agent: flags.agent, isAll: flags.all })
  }
}
