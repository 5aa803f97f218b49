// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule pause`: its times pass by until it is resumed. */
import { ScheduleOrderCommand } from '../../schedule-order-command.ts'

export class SchedulePause extends ScheduleOrderCommand {
  static override summary = 'Let a schedule rest'
  static override description =
    'Times that come meanwhile pass by, whatever the schedule says of missed times. A run that goes on is not ended.'
  static override examples = [
    {
      description: 'Everywhere it runs',
      command: 'sallyport schedule pause nightly',
    },
    {
      description: 'On one agent only',
      command: 'sallyport schedule pause nightly --agent pve1',
    },
  ]

  protected readonly order = 'pause'
}
