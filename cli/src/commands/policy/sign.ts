// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy sign`: adds a root holder's signature to a policy. */
import { BaseCommand } from '../../base-command.ts'
import { policyRootFlags } from '../../policy/root-flags.ts'
import { mannerOf, withRootHand } from '../../root-flags.ts'

export class PolicySign extends BaseCommand {
  static override summary =
    'Read the policy that another holder of a root key proposes, and sign it'
  static override description =
    'Shows exactly what changes. The signature that completes the threshold publishes it.'
  static override examples = [
    { description: 'Look, then answer', command: 'sallyport policy sign' },
    { description: 'Sign what was read before', command: 'sallyport policy sign --yes' },
  ]
  static override flags = policyRootFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(PolicySign)
    const { policySign } = await import('../../work/policy-publish.ts')
    const { isAgreed, timeoutMs } = mannerOf(flags)
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        policySign(operator, this.talk(flags), { request: { isAgreed, timeoutMs }, hand }),
      ),
    )
  }
}
