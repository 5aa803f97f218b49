// SPDX-License-Identifier: Apache-2.0
/** `sallyport job sign`: adds one's signature to what a colleague proposed. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class JobSign extends BaseCommand {
  static override summary = 'Look at what a colleague proposed and sign it'
  static override description =
    'Shows what `sallyport job review` shows, asks, and signs exactly the bytes that were shown. Whoever signs last gives ' +
    'it to the agent, which counts the signatures by itself. Nobody counts twice, however many keys they have.'
  static override examples = [
    { description: 'Look, then answer', command: 'sallyport job sign 0193f2ab…c21' },
    {
      description: 'Sign and go on',
      command: 'sallyport job sign 0193f2ab…c21 --yes --no-wait --json',
    },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Id, whole, its beginning, or as shown' }),
  }
  static override flags = {
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    wait: boolean({ allowNo: true, default: true, summary: 'Wait for the answer once it is sent' }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobSign)
    const request = {
      typed: args.job,
      isAgreed: flags.yes,
      isWaiting: flags.wait,
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    const { jobSign } = await import('../../work/job-review.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobSign(operator, talk, request),
      ),
    )
  }
}
