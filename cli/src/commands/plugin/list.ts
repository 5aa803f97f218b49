// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin list`: what this operator has approved. */
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginList extends BaseCommand {
  static override summary = 'Show what you have approved, with digests and ends'
  static override description =
    'Read from the record on this machine; neither keys nor hub are needed.'
  static override examples = [
    { description: 'What stands now', command: 'sallyport plugin list' },
    {
      description: 'Of one agent, with what was replaced',
      command: 'sallyport plugin list --agent pve1 --all',
    },
  ]
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only of this agent' }),
    all: boolean({ default: false, summary: 'Also what was replaced, has expired or was refused' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(PluginList)
    const { pluginList } = await import('../../work/plugin-list.ts')
    await pluginList(this.home(flags), this.talk(flags), { agent: flags.agent, isAll: flags.all })
  }
}
