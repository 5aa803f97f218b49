// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy test`: does a policy decide cases as it should? */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PolicyTest extends BaseCommand {
  static override summary = 'Hold a policy against cases in a file: who, what, where, allow or deny'
  static override description =
    'Decides each case as an agent would and says by which rule. The exit code is 1 when one comes out otherwise than it expects.'
  static override examples = [
    { description: 'The policy that counts', command: 'sallyport policy test cases.json' },
    {
      description: 'A draft',
      command: 'sallyport policy test cases.json --policy policy.cedar',
    },
  ]
  static override args = { cases: stringArg({ required: true, description: 'File with cases' }) }
  static override flags = {
    policy: string({
      helpValue: '<file>',
      summary: 'A policy file; else the policy that counts',
    }),
    manifest: string({
      multiple: true,
      helpValue: '<file>',
      summary: 'Manifest of a plugin that is not approved yet; may be repeated',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyTest)
    const { policyTest } = await import('../../work/policy-test.ts')
    const request = { cases: args.cases, file: flags.policy, manifests: flags.manifest ?? [] }
    this.end(await policyTest(this.home(flags), this.talk(flags), request))
  }
}
