// SPDX-License-Identifier: Apache-2.0
/** `sallyport job show`: one job, what was signed and how it ended. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class JobShow extends BaseCommand {
  static override summary = 'Show one job: what was signed, its way, its verified answer'
  static override description = 'The exit code is that of the job, as with `sallyport job run`.'
  static override examples = [
    { description: 'By the short id that lists show', command: 'sallyport job show 0193f2ab…c21' },
    { description: 'As a document', command: 'sallyport job show 0193f2ab…c21 --json' },
  ]
  static override args = {
    job: stringArg({
      required: true,
      description: 'Id of the job, whole, its beginning, or as shown',
    }),
  }
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobShow)
    const { jobShow } = await import('../../work/job-show.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobShow(operator, talk, args.job),
      ),
    )
  }
}
