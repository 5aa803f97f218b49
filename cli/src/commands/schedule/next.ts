// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule next`: when schedules run. */
import { string as stringArg } from '@oclif/core/args'
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class ScheduleNext extends BaseCommand {
  static override summary = 'Show when schedules run next'
  static override examples = [
    { description: 'All of them', command: 'sallyport schedule next' },
    { description: 'One, further ahead', command: 'sallyport schedule next nightly --count 20' },
  ]
  static override args = {
    name: stringArg({ required: false, description: 'Name of the schedule' }),
  }
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only on this agent' }),
    count: integer({
      helpValue: '<count>',
      summary: 'How many times',
      default: 5,
      min: 1,
      max: 100,
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleNext)
    const { scheduleNext } = await import('../../work/schedule-list.ts')
    const meant = { name: args.name, agent: flags.agent, count: flags.count }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleNext(operator, this.talk(flags), meant),
      ),
    )
  }
}
