// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin new`: the folder of a new plugin, anywhere. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginNew extends BaseCommand {
  static override summary = 'Make the folder of a new plugin'
  static override description =
    'The folder stands alone: npm install, npm test and sallyport plugin build work in it at once. It needs no ' +
    'repository; the SDK comes packed in its vendor/ folder, or from the registry.'
  static override examples = [
    { description: 'Below this folder', command: 'sallyport plugin new uptime' },
    {
      description: 'Somewhere else, with an SDK of your own',
      command:
        'sallyport plugin new uptime --folder ~/plugins/uptime --sdk sallyport-sdk-0.1.0.tgz',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the plugin' }),
  }
  static override flags = {
    folder: string({ helpValue: '<folder>', summary: 'Where; else a folder of that name here' }),
    sdk: string({ helpValue: '<file>', summary: 'Packed SDK to put into the folder' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginNew)
    const { pluginNew } = await import('../../work/plugin-new.ts')
    const { folder, sdk } = flags
    await pluginNew(this.talk(flags), { name: args.name, folder, sdk })
  }
}
