// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule runs`: what agents reported. */
import { string as stringArg } from '@oclif/core/args'
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class ScheduleRuns extends BaseCommand {
  static override summary = 'Show the runs of a schedule, each report verified'
  static override description =
    'A report counts only if the agent signed it for this schedule and its audit log provably holds it. Reports that an agent ' +
    'could not send while the hub was away come later, in order.'
  static override examples = [
    { description: 'The newest twenty', command: 'sallyport schedule runs nightly' },
    { description: 'For a script', command: 'sallyport schedule runs nightly --limit 1 --json' },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the schedule' }),
  }
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only on this agent' }),
    limit: integer({ helpValue: '<count>', summary: 'How many', default: 20, min: 1, max: 1_000 }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleRuns)
    const { scheduleRuns } = await import('../../work/schedule-runs.ts')
    const meant = { name: args.name, agent: flags.agent, limit: flags.limit }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleRuns(operator, this.talk(flags), meant),
      ),
    )
  }
}
