// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin learn`: the smallest permissions that cover what was seen. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginLearn extends BaseCommand {
  static override summary = 'Propose the smallest permissions for the jobs of a plugin'
  static override description =
    'Runs the tests of the plugin, whose fakes refuse nothing meanwhile, and prints the lines that cover what its ' +
    'jobs did. With --job it runs that job once in the real sandbox under the permissions it has, and adds what was ' +
    'denied. A value that the input names as a resource becomes {resource}. It writes nothing, and knows nothing of ' +
    'runs it did not see.'
  static override examples = [
    { description: 'From the tests', command: 'sallyport plugin learn' },
    {
      description: 'From one run on this machine',
      command: 'sallyport plugin learn uptime --job read --param unit=days',
    },
  ]
  static override args = {
    folder: stringArg({ description: 'Folder of the plugin', default: '.' }),
  }
  static override flags = {
    job: string({ helpValue: '<name>', summary: 'Learn from a run of this job type instead' }),
    param: string({
      char: 'p',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'One parameter of that run',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with parameters' }),
    bind: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'What one name stands for in that run, as in plugin dev',
    }),
    glob: boolean({
      default: false,
      summary: 'Make one pattern of paths that differ in one segment',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginLearn)
    const { pluginLearn } = await import('../../work/plugin-learn.ts')
    await pluginLearn(this.talk(flags), {
      folder: args.folder,
      job: flags.job,
      params: flags.param ?? [],
      paramsFile: flags['params-file'],
      bindings: flags.bind ?? [],
      isJoining: flags.glob,
    })
  }
}
