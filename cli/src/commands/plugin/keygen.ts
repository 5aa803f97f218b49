// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin keygen`: makes the identity of a publisher. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PluginKeygen extends BaseCommand {
  static override summary = 'Make the keys with which a publisher signs plugins'
  static override description =
    'The keys are made here and stay here, locked under a passphrase that is asked for. They sign bundles and ' +
    "nothing else: an operator's keys approve plugins, a publisher's keys answer for them, and no key does both."
  static override examples = [
    {
      description: 'Once, before the first signature',
      command: 'sallyport plugin keygen --name ada',
    },
    {
      description: 'Without a terminal',
      command: 'sallyport plugin keygen --passphrase-file ./passphrase',
    },
  ]
  static override flags = {
    name: string({
      helpValue: '<name>',
      summary: 'Name that stands beside the plugins it signs',
      default: 'publisher',
    }),
    'passphrase-file': string({
      helpValue: '<file>',
      env: 'SALLYPORT_PASSPHRASE_FILE',
      summary: 'File with the passphrase to lock the keys under',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(PluginKeygen)
    const { pluginKeygen } = await import('../../work/plugin-keygen.ts')
    await pluginKeygen({
      home: this.home(flags),
      talk: this.talk(flags),
      name: flags.name,
      passphraseFile: flags['passphrase-file'],
    })
  }
}
