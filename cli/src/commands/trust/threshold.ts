// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust threshold`: says how many must sign what. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, integer } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustThreshold extends BaseCommand {
  static override summary = 'Say how many operators and customers must sign what'
  static override description =
    'The most specific pattern counts, and each holder once, whatever keys they have. The agents count, not the hub. ' +
    'With --root it is about the trust root itself: so many holders of root keys must sign its next version.'
  static override examples = [
    {
      description: 'Two operators for everything that destroys',
      command: "sallyport trust threshold '*' destroy --operators 2",
    },
    {
      description: 'And the customer too, where it is about Proxmox',
      command: "sallyport trust threshold 'proxmox/*' destroy --operators 2 --customers 1",
    },
    {
      description: 'Nothing special for a pattern any more',
      command: "sallyport trust threshold 'proxmox/*' destroy --remove",
    },
    {
      description: 'Two people for every change of the root',
      command: 'sallyport trust threshold --root 2',
    },
  ]
  static override args = {
    pattern: stringArg({ description: '*, proxmox/*, proxmox/guest.*, or a job type' }),
    effect: stringArg({ description: 'read, change or destroy' }),
  }
  static override flags = {
    operators: integer({ helpValue: '<n>', min: 0, max: 8, summary: 'Operators that must sign' }),
    customers: integer({ helpValue: '<n>', min: 0, max: 4, summary: 'Customers that must sign' }),
    remove: boolean({ default: false, summary: 'Nothing is said of this pattern any more' }),
    root: integer({
      helpValue: '<n>',
      min: 1,
      max: 8,
      summary: 'Holders that must sign a trust root',
    }),
    ...rootFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TrustThreshold)
    const { trustThreshold } = await import('../../work/trust-threshold.ts')
    const { operators, customers, root, remove } = flags
    const asked = { ...args, operators, customers, root, isRemoving: remove }
    const request = { ...asked, manner: mannerOf(flags) }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustThreshold(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
