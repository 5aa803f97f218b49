// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin sign`: a publisher's signature beside a bundle. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { parseDuration } from '../../output/duration.ts'

export class PluginSign extends BaseCommand {
  static override summary = 'Sign a bundle as its publisher'
  static override description =
    'Writes <bundle>.sig beside the bundle: a signed statement of the digests of the bundle, its manifest and each ' +
    'of its parts. Agents check it before every job. The bundle itself stays as it is.'
  static override examples = [
    { description: 'For a year', command: 'sallyport plugin sign sensors-0.1.0.spb' },
    {
      description: 'Anew, for 90 days',
      command: 'sallyport plugin sign sensors-0.1.0.spb --valid 90d --force',
    },
  ]
  static override args = {
    bundle: stringArg({ required: true, description: 'Bundle file' }),
  }
  static override flags = {
    valid: string({
      helpValue: '<time>',
      summary: 'How long the signature counts',
      default: '365d',
    }),
    force: boolean({ default: false, summary: 'Replace a signature that is there' }),
    'passphrase-file': string({
      helpValue: '<file>',
      env: 'SALLYPORT_PASSPHRASE_FILE',
      summary: "File with the passphrase of the publisher's keys; else it is asked for",
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginSign)
    const { pluginSign } = await import('../../work/plugin-sign.ts')
    await pluginSign({
      home: this.home(flags),
      talk: this.talk(flags),
      file: args.bundle,
      lifetimeMs: parseDuration('valid', flags.valid),
      isReplacing: flags.force,
      passphraseFile: flags['passphrase-file'],
    })
  }
}
