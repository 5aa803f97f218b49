// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule resume`: its next time runs again. */
import { ScheduleOrderCommand } from '../../schedule-order-command.ts'

export class ScheduleResume extends ScheduleOrderCommand {
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

  protected readonly order = 'resume'
}
