// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust renew`: a new version before the old one ends. */
import { integer } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustRenew extends BaseCommand {
  static override summary = 'Renew the trust root and the keys in it before they end'
  static override description =
    'Once it has expired, agents take nothing but a newer root. Keys that were rotated out end when they would have.'
  static override examples = [
    { description: 'For three years', command: 'sallyport trust renew' },
    { description: 'For one', command: 'sallyport trust renew --days 365' },
  ]
  static override flags = {
    days: integer({
      helpValue: '<n>',
      min: 1,
      max: 3_650,
      summary: 'How long it counts from now on',
    }),
    ...rootFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TrustRenew)
    const { trustRenew } = await import('../../work/trust-renew.ts')
    const request = { days: flags.days, manner: mannerOf(flags) }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustRenew(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
