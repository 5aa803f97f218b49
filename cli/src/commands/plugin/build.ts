// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin build`: one deterministic file from the folder of a plugin. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginBuild extends BaseCommand {
  static override summary = 'Build the bundle of a plugin from its folder'
  static override description =
    'The same sources give the same bytes, and so the same digest, on every machine. Code, manifest and the ' +
    'licence texts of everything inside are in the one file. It refuses when the committed manifest.json says ' +
    'something else than the code, because that manifest is what operators approve.'
  static override examples = [
    { description: 'In the folder of the plugin', command: 'sallyport plugin build' },
    {
      description: 'From elsewhere, into this folder',
      command: 'sallyport plugin build plugins/sensors --out .',
    },
    {
      description: 'After a change of what it may do',
      command: 'sallyport plugin build plugins/sensors --write-manifest',
    },
  ]
  static override args = {
    folder: stringArg({ description: 'Folder of the plugin', default: '.' }),
  }
  static override flags = {
    out: string({
      helpValue: '<folder>',
      summary: 'Where the bundle goes; else dist/ of the plugin',
    }),
    'write-manifest': boolean({
      default: false,
      summary: 'Write manifest.json from the code instead of comparing with it',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginBuild)
    const { pluginBuild } = await import('../../work/plugin-build.ts')
    await pluginBuild(this.talk(flags), {
      folder: args.folder,
      outFolder: flags.out,
      isWritingManifest: flags['write-manifest'],
    })
  }
}
