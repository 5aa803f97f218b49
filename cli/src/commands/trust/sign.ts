// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust sign`: adds a signature to a trust root that somebody proposes. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustSign extends BaseCommand {
  static override summary = 'Sign a change of the trust root that another holder proposes'
  static override description =
    'Shows what would differ from the root that stands, adds your signature, and publishes the root when that makes enough. ' +
    'Else the file goes on to the next holder.'
  static override examples = [
    { description: 'A change by a colleague', command: 'sallyport trust sign root-4.json' },
    {
      description: 'With a root key that is kept on a stick',
      command: 'sallyport trust sign root-4.json --root-key /media/stick/root-key.json',
    },
  ]
  static override args = {
    file: stringArg({ required: true, description: 'The file that the colleague was given' }),
  }
  static override flags = { ...rootFlags }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TrustSign)
    const { trustSign } = await import('../../work/trust-sign.ts')
    const request = { file: args.file, manner: mannerOf(flags) }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustSign(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
