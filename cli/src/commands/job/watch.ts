// SPDX-License-Identifier: Apache-2.0
/** `sallyport job watch`: follows one job to its end. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class JobWatch extends BaseCommand {
  static override summary = 'Follow a job until it is over'
  static override description =
    'With --json each change is one line of JSON; the last line is the job itself.'
  static override examples = [
    {
      description: 'Follow one that was sent with --no-wait',
      command: 'sallyport job watch 0193f2ab…c21',
    },
    {
      description: 'For at most ten minutes',
      command: 'sallyport job watch 0193f2ab…c21 --timeout 10m',
    },
  ]
  static override args = {
    job: stringArg({
      required: true,
      description: 'Id of the job, whole, its beginning, or as shown',
    }),
  }
  static override flags = {
    timeout: string({ helpValue: '<time>', summary: 'How long to follow', default: '1h' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobWatch)
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const { jobWatch } = await import('../../work/job-show.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobWatch(operator, talk, { typed: args.job, timeoutMs }),
      ),
    )
  }
}
