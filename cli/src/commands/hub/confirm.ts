// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub confirm`: lets the agents of a site in at a hub that was restored. */
import { string } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class HubConfirm extends BaseCommand {
  static override summary = 'Tell a restored hub what it missed, and open it to the agents'
  static override description =
    'The hub is given the trust roots that it lacks and the agents that were revoked since the backup. Agents then go on by ' +
    'themselves; jobs that ran meanwhile do not run again. Agents that enrolled since the backup are named: they need a new code.'
  static override examples = [
    {
      description: 'With the code that `hub restore` printed',
      command: 'sallyport hub confirm SC1-7K3Q-9V2M-XXXX-XXXX-XXXX-XXXX',
    },
    {
      description: 'At another address than before',
      command: 'sallyport hub confirm SC1-… --hub https://new.example:8443',
    },
  ]
  static override args = {
    code: string({ required: true, description: 'What `hub restore` printed for your site' }),
  }
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HubConfirm)
    const { hubConfirm } = await import('../../work/hub-confirm.ts')
    const talk = this.talk(flags)
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      hubConfirm(operator, talk, args.code),
    )
  }
}
