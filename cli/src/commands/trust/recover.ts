// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust recover`: takes a site back with the recovery code. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags } from '../../root-flags.ts'

export class TrustRecover extends BaseCommand {
  static override summary = 'Take a site back with a recovery code, after its keys were lost'
  static override description =
    'Makes new keys here, takes the lost ones out of the trust root, and tells hub and agents. It needs the site file and the code, and no old key. ' +
    'The code is used up by it; a new one is shown once. When it is cut off, type it again: it goes on where it stopped.'
  static override examples = [
    {
      description: 'On a new machine; the code is asked for',
      command: 'sallyport trust recover --site-file site.json --hub https://hub.example:8440',
    },
    {
      description: 'Without a terminal',
      command: 'sallyport trust recover --site-file site.json --code <recovery code> --yes',
    },
  ]
  static override flags = {
    code: string({ helpValue: '<code>', summary: 'The recovery code; else it is asked for' }),
    'site-file': string({
      helpValue: '<file>',
      summary: 'A site file of the site, of whatever version; else operator/site.json',
    }),
    out: rootFlags.out,
    timeout: rootFlags.timeout,
    yes: rootFlags.yes,
    hub: rootFlags.hub,
    'passphrase-file': rootFlags['passphrase-file'],
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TrustRecover)
    const home = this.home(flags)
    const [{ trustRecover }, { getPassphrase, getCode }] = await Promise.all([
      import('../../work/trust-recover.ts'),
      import('../../operator/passphrase.ts'),
    ])
    const file = flags['passphrase-file']
    const question = 'Passphrase for your new keys'
    const request = {
      code: flags.code ?? (await getCode('Recovery code')),
      siteFile: flags['site-file'] ?? home.operator.site,
      hub: flags.hub,
      passphrase: (isNew: boolean) => getPassphrase({ file, question, isNew }),
      manner: mannerOf(flags),
    }
    this.end(await trustRecover(home, this.talk(flags), request))
  }
}
