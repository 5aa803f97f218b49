// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident isolate`: an agent takes no jobs. */
import { IsolationCommand } from '../../isolation-command.ts'

export class IncidentIsolate extends IsolationCommand {
  static override summary = 'Have an agent take no jobs until that is lifted'
  static override description =
    'Nothing that is signed, asked for or scheduled begins there; what runs goes on, as do its log, its polls and your orders. One operator is enough.'
  static override examples = [
    {
      description: 'After something looked wrong',
      command: 'sallyport incident isolate pve1 --why "unknown login on the host"',
    },
    {
      description: 'In a script',
      command: 'sallyport incident isolate pve1 --why "alarm" --yes --json',
    },
  ]

  protected readonly isIsolated = true
}
