// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule list`: where schedules stand. */
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class ScheduleList extends BaseCommand {
  static override summary = 'Show the schedules, their next run and how the last one ended'
  static override examples = [
    { description: 'Those that are there', command: 'sallyport schedule list' },
    { description: 'Also those that ended', command: 'sallyport schedule list --all' },
  ]
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only of this agent' }),
    all: boolean({ default: false, summary: 'Also those that ended, were removed or refused' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ScheduleList)
    const { scheduleList } = await import('../../work/schedule-list.ts')
    const meant = { agent: flags.agent, isAll: flags.all }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleList(operator, this.talk(flags), meant),
      ),
    )
  }
}
