// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust show`: who may do what at the site. */
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class TrustShow extends BaseCommand {
  static override summary =
    'Show the keys of the site, how many must sign what, and what each agent holds'
  static override description =
    'The newest trust root is fetched from the hub and verified from the version of your site file on. ' +
    'What an agent holds is what it signed to have taken.'
  static override examples = [
    { description: 'See it', command: 'sallyport trust show' },
    { description: 'The whole of it, for a script', command: 'sallyport trust show --json' },
  ]
  static override flags = { ...operatorFlags }

  async run(): Promise<void> {
    const { flags } = await this.parse(TrustShow)
    const { trustShow } = await import('../../work/trust-show.ts')
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        trustShow(operator, this.talk(flags)),
      ),
    )
  }
}
