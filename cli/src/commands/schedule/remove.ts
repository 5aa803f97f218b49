// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule remove`: it runs no more. */
import { ScheduleOrderCommand } from '../../schedule-order-command.ts'

export class ScheduleRemove extends ScheduleOrderCommand {
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

  protected readonly order = 'remove'
}
