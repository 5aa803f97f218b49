// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident lift`: an isolated agent takes jobs again. */
import { IsolationCommand } from '../../isolation-command.ts'

export class IncidentLift extends IsolationCommand {
  static override summary = 'Let an isolated agent take jobs again'
  static override description =
    'It counts as a change, so it needs as many signatures as a change does. It undoes what was said before it, not what is said later.'
  static override examples = [
    {
      description: 'Once it is understood',
      command: 'sallyport incident lift pve1 --why "it was ben, on the console"',
    },
    {
      description: 'In a script',
      command: 'sallyport incident lift pve1 --why "false alarm" --yes --json',
    },
  ]

  protected readonly isIsolated = false
}
