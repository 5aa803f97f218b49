// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub status`: what the hub did about invalid attempts. */
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class HubStatus extends BaseCommand {
  static override summary = 'Show keys that are out, and what the hub did about invalid attempts'
  static override description =
    'Whoever makes invalid attempts again and again is refused for longer and longer times; the key of an agent or customer is ' +
    'out in the end, until you lift it. Addresses have names that only the running hub can resolve.'
  static override examples = [
    { description: 'The keys and the newest steps', command: 'sallyport hub status' },
    { description: 'For a script', command: 'sallyport hub status --json' },
  ]
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(HubStatus)
    const { hubStatus } = await import('../../work/hub-status.ts')
    const talk = this.talk(flags)
    await withOperator({ home: this.home(flags), flags }, (operator) => hubStatus(operator, talk))
  }
}
