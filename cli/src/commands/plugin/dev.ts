// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin dev`: runs a plugin in the real sandbox while it is being written. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginDev extends BaseCommand {
  static override summary = 'Run a job of a plugin in the real sandbox, again after every change'
  static override description =
    'No hub, no agent, no keys: the broker grants exactly the permissions in the code, and a denial says which line ' +
    'would allow the call. Names that an operator would bind are taken from dev-bindings.json in the folder or from ' +
    '--bind; both are plain text and for development only.'
  static override examples = [
    { description: 'Run it whenever a source changes', command: 'sallyport plugin dev' },
    {
      description: 'One job with parameters, once',
      command: 'sallyport plugin dev uptime --job read --param unit=days --once',
    },
    {
      description: 'With a service that listens on this machine',
      command: 'sallyport plugin dev --bind pve=http://127.0.0.1:8006',
    },
  ]
  static override args = {
    folder: stringArg({ description: 'Folder of the plugin', default: '.' }),
  }
  static override flags = {
    job: string({ helpValue: '<name>', summary: 'Job type to run; else the only one there is' }),
    param: string({
      char: 'p',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'One parameter',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with parameters' }),
    bind: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'What one name stands for: an address, a path or a text',
    }),
    once: boolean({ default: false, summary: 'Run it once and end with its exit code' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginDev)
    const { pluginDev } = await import('../../work/plugin-dev.ts')
    this.end(
      await pluginDev(this.talk(flags), {
        folder: args.folder,
        job: flags.job,
        params: flags.param ?? [],
        paramsFile: flags['params-file'],
        bindings: flags.bind ?? [],
        isOnce: flags.once,
      }),
    )
  }
}
