// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy init`: a policy to begin with. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { POLICY_TEMPLATES } from '../../policy/template.ts'
import type { PolicyTemplate } from '../../policy/template.ts'

export class PolicyInit extends BaseCommand {
  static override summary = 'Write a commented policy to begin with'
  static override description =
    'solo: one person, everything. team: several operators, two for what destroys. msp: customers with guests of their own. ' +
    'self-service: guests may ask for some things themselves. Nothing counts until it is published.'
  static override examples = [
    { description: 'For several operators', command: 'sallyport policy init --template team' },
    {
      description: 'For customers, to a place of its own',
      command: 'sallyport policy init --template msp --out shop.cedar',
    },
  ]
  static override flags = {
    template: string({
      options: [...POLICY_TEMPLATES],
      required: true,
      summary: 'Which one',
    }),
    out: string({ helpValue: '<file>', default: 'policy.cedar', summary: 'Where to write it' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(PolicyInit)
    const { policyInit } = await import('../../work/policy-init.ts')
    const template = flags.template as PolicyTemplate
    await policyInit(this.talk(flags), { template, out: flags.out })
  }
}
