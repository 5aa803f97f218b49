// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule remove`: it runs no more. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class ScheduleRemove extends BaseCommand {
  static override summary = 'Have agents forget a schedule'
  static override description =
    'It does not come back: a schedule of the same name is a new one. A run that goes on is not ended.'
  static override examples = [
    {
      description: 'Everywhere it runs',
      command: 'sallyport schedule remove nightly',
    },
    {
      description: 'On one agent only',
      command: 'sallyport schedule remove nightly --agent pve1',
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
    const { args, flags } = await this.parse(ScheduleRemove)
    const { scheduleOrder } = await import('../../work/schedule-order.ts')
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const request = { name: args.name, agent: flags.agent, order: 'remove', timeoutMs } as const
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleOrder(operator, this.talk(flags), request),
      ),
    )
  }
}
