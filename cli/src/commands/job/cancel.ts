// SPDX-License-Identifier: Apache-2.0
/** `sallyport job cancel`: a signed word that a job shall not run, or end. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class JobCancel extends BaseCommand {
  static override summary = 'Have a job not begin, and end it if it runs'
  static override description =
    'The word is signed and stands for ever. A job that had not begun is refused as cancelled; one that runs is ended and ' +
    'answered as interrupted. A customer can cancel what they asked for themselves.'
  static override examples = [
    {
      description: 'With the reason, which goes on record',
      command: 'sallyport job cancel 0193f2ab…c21 --why "wrong guest"',
    },
    {
      description: 'Wait longer for the agent',
      command: 'sallyport job cancel 0193f2ab…c21 --why "wrong guest" --timeout 5m',
    },
  ]
  static override args = {
    job: stringArg({
      required: true,
      description: 'Id of the job, whole, its beginning, or as shown',
    }),
  }
  static override flags = {
    why: string({ required: true, helpValue: '<text>', summary: 'Why, for the record' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobCancel)
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const asked = { typed: args.job, why: flags.why, timeoutMs }
    const { jobCancel } = await import('../../work/job-cancel.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobCancel(operator, talk, asked),
      ),
    )
  }
}
