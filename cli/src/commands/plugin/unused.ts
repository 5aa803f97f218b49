// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin unused`: rights that no run used. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginUnused extends BaseCommand {
  static override summary = 'Name the rights of a plugin that no run used'
  static override description =
    'Looks at the runs in the tests of the plugin or, with --state-dir, at those that the audit log of an agent tells ' +
    'of. What a run that was not seen needs, it cannot know.'
  static override examples = [
    { description: 'By the tests', command: 'sallyport plugin unused' },
    {
      description: 'By what an agent has run',
      command: 'sallyport plugin unused uptime-0.1.0.spb --state-dir /var/lib/sallyport',
    },
  ]
  static override args = {
    plugin: stringArg({ description: 'Folder or bundle of the plugin', default: '.' }),
  }
  static override flags = {
    'state-dir': string({ helpValue: '<folder>', summary: 'State directory of an agent' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginUnused)
    const { pluginUnused } = await import('../../work/plugin-unused.ts')
    await pluginUnused(this.talk(flags), { plugin: args.plugin, stateDir: flags['state-dir'] })
  }
}
