// SPDX-License-Identifier: Apache-2.0
/** `sallyport job review`: shows what somebody is asked to sign. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class JobReview extends BaseCommand {
  static override summary = 'Show exactly what a colleague asks you to sign'
  static override description =
    'Who wants it, on which agent, its effect in plain words, every input, the plan if there is one, until when it is ' +
    'valid, who has signed and who is still needed. Nothing is signed. Also for approvals, schedules and other orders.'
  static override examples = [
    {
      description: 'By the short id that lists show',
      command: 'sallyport job review 0193f2ab…c21',
    },
    { description: 'As a document', command: 'sallyport job review 0193f2ab…c21 --json' },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Id, whole, its beginning, or as shown' }),
  }
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobReview)
    const { jobReview } = await import('../../work/job-review.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobReview(operator, talk, args.job),
      ),
    )
  }
}
