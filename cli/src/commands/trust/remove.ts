// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust remove`: takes keys out of the trust root. */
import { string as stringArg } from '@oclif/core/args'
import { option } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustRemove extends BaseCommand {
  static override summary = 'Take the keys of a holder, or one key, out of the trust root'
  static override description =
    'From then on nothing counts that these keys signed alone: jobs, approvals, schedules. What that is at the agents is shown first. ' +
    'A change after which nobody could follow up the root, or sign a job, is refused.'
  static override examples = [
    { description: 'A colleague leaves', command: 'sallyport trust remove ben' },
    {
      description: 'One key, by its fingerprint',
      command: 'sallyport trust remove SHA256:q3Fh7Kb2',
    },
    {
      description: 'They stay an operator and sign roots no more',
      command: 'sallyport trust remove ben --role root',
    },
  ]
  static override args = {
    who: stringArg({ required: true, description: 'Name of a holder, or fingerprint of a key' }),
  }
  static override flags = {
    role: option({
      options: ['operator', 'customer', 'publisher', 'root', 'hub'] as const,
      summary: 'Only the keys of this role',
    })(),
    ...rootFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TrustRemove)
    const { trustRemove } = await import('../../work/trust-remove.ts')
    const request = { who: args.who, role: flags.role, manner: mannerOf(flags) }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustRemove(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
