// SPDX-License-Identifier: Apache-2.0
/** What `schedule pause`, `schedule resume` and `schedule remove` share: one order to the agents that have it. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import type { ScheduleOrder } from '@sallyport/core/protocol'
import { BaseCommand } from './base-command.ts'
import { operatorFlags, withOperator } from './operator-flags.ts'
import { parseDuration } from './output/duration.ts'

/** A command that orders what becomes of a schedule. */
export abstract class ScheduleOrderCommand extends BaseCommand {
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

  /** What the order says. */
  protected abstract readonly order: ScheduleOrder['order']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleOrderCommand)
    const { scheduleOrder } = await import('./work/schedule-order.ts')
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const request = { name: args.name, agent: flags.agent, order: this.order, timeoutMs }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleOrder(operator, this.talk(flags), request),
      ),
    )
  }
}
