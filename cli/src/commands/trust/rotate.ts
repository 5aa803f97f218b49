// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust rotate`: exchanges one's own keys. */
import { boolean, integer } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustRotate extends BaseCommand {
  static override summary = 'Exchange your own keys, or with --root your root key'
  static override description =
    'New keys are made under the same passphrase. The old ones stay in the trust root for some weeks, so that approvals and schedules they signed go on; ' +
    'an old root key is gone at once, and the recovery code stays as it is.'
  static override examples = [
    { description: 'The keys you sign jobs with', command: 'sallyport trust rotate' },
    { description: 'The root key', command: 'sallyport trust rotate --root' },
    {
      description: 'The old keys end tomorrow',
      command: 'sallyport trust rotate --leaving-days 1',
    },
  ]
  static override flags = {
    root: boolean({ default: false, summary: 'The root key instead' }),
    'leaving-days': integer({
      helpValue: '<n>',
      min: 1,
      max: 365,
      summary: 'How long the old keys still count; else 42 days',
    }),
    days: integer({ helpValue: '<n>', min: 1, max: 3_650, summary: 'How long the new keys count' }),
    ...rootFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TrustRotate)
    const { trustRotate } = await import('../../work/trust-rotate.ts')
    const request = {
      isRoot: flags.root,
      days: flags.days,
      leavingDays: flags['leaving-days'],
      manner: mannerOf(flags),
    }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustRotate(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
