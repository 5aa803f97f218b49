// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin inspect`: what is in a bundle, without running it. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'

export class PluginInspect extends BaseCommand {
  static override summary = 'Show what is in a bundle and who answers for it'
  static override description =
    'Nothing in the bundle is run. Needs no keys and no hub. A publisher is known when it is your own, or when an ' +
    'agent has accepted a plugin by the same key from you.'
  static override examples = [
    { description: 'Before you approve it', command: 'sallyport plugin inspect sensors-0.1.0.spb' },
    {
      description: 'Every digest and the whole key of its publisher',
      command: 'sallyport plugin inspect sensors-0.1.0.spb --json',
    },
  ]
  static override args = {
    bundle: stringArg({ required: true, description: 'Bundle file' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginInspect)
    const { pluginInspect } = await import('../../work/plugin-inspect.ts')
    await pluginInspect(this.home(flags), this.talk(flags), args.bundle)
  }
}
