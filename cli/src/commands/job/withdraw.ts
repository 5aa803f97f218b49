// SPDX-License-Identifier: Apache-2.0
/** `sallyport job withdraw`: takes back what one proposed. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class JobWithdraw extends BaseCommand {
  static override summary = 'Take back what you left for colleagues to sign'
  static override examples = [
    {
      description: 'With a word to the others',
      command: 'sallyport job withdraw 0193f2ab…c21 --why "wrong guest"',
    },
    {
      description: 'As a document',
      command: 'sallyport job withdraw 0193f2ab…c21 --json',
    },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Id, whole, its beginning, or as shown' }),
  }
  static override flags = {
    why: string({ helpValue: '<text>', summary: 'Why, for the others', default: '' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobWithdraw)
    const { jobWithdraw } = await import('../../work/job-review.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobWithdraw(operator, talk, { typed: args.job, why: flags.why }),
      ),
    )
  }
}
