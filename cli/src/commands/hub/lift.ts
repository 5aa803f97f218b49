// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub lift`: lets a key in again. */
import { string } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class HubLift extends BaseCommand {
  static override summary = 'Let a key in again that the hub put out'
  static override description =
    'What was counted of it is forgotten, at every hub of the database. Find out first what its holder does: `hub status` says since when the key is out.'
  static override examples = [
    {
      description: 'The key of an agent, by the name of the agent',
      command: 'sallyport hub lift pve1',
    },
    {
      description: 'By the id that `hub status --json` shows',
      command: 'sallyport hub lift kFQ3wqWJ0Rw5jCkA2hYBR1bG6SKYkcLx0KX3pPIWm7E',
    },
  ]
  static override args = {
    key: string({
      required: true,
      description: 'Id of the key, or name of the agent it belongs to',
    }),
  }
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HubLift)
    const { hubLift } = await import('../../work/hub-status.ts')
    const talk = this.talk(flags)
    const exit = await withOperator({ home: this.home(flags), flags }, (operator) =>
      hubLift(operator, talk, args.key),
    )
    this.end(exit)
  }
}
