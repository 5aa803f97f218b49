// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule resume`: its next time runs again. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class ScheduleResume extends BaseCommand {
  static override summary = 'Let a paused schedule go on'
  static override description =
    'The next time after now is the first; those that passed meanwhile are not made up for.'
  static override examples = [
    {
      description: 'Everywhere it was paused',
      command: 'sallyport schedule resume nightly',
    },
    {
      description: 'On one agent only',
      command: 'sallyport schedule resume nightly --agent pve1',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the schedule' }),
  }
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only on this agent' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for an agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleResume)
    const { scheduleOrder } = await import('../../work/schedule-order.ts')
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const request = { name: args.name, agent: flags.agent, order: 'resume', timeoutMs } as const
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleOrder(operator, this.talk(flags), request),
      ),
    )
  }
}
