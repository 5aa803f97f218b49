// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy show`: the policy that counts. */
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class PolicyShow extends BaseCommand {
  static override summary = 'Show the policy that counts, after fetching what is new'
  static override description =
    'Believes a policy only when enough holders of root keys signed it. Says when another one waits for signatures.'
  static override examples = [
    { description: 'To read it', command: 'sallyport policy show' },
    { description: 'To change it', command: 'sallyport policy show --quiet > policy.cedar' },
  ]
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(PolicyShow)
    const { policyShow } = await import('../../work/policy-show.ts')
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        policyShow(operator, this.talk(flags)),
      ),
    )
  }
}
