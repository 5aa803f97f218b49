// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy publish`: makes a policy count. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { policyRootFlags } from '../../policy/root-flags.ts'
import { mannerOf, withRootHand } from '../../root-flags.ts'

export class PolicyPublish extends BaseCommand {
  static override summary = 'Check a policy, show what changes, sign it, and send it to every agent'
  static override description =
    'Signed with your root key. Where the trust root asks for several holders it is left for the others, who sign it with ' +
    '`sallyport policy sign`; until then nothing changes. Without a file the policy that counts is sent once more, and signed anew when the trust root has changed since.'
  static override examples = [
    { description: 'Look, then answer', command: 'sallyport policy publish policy.cedar' },
    { description: 'Again, for agents that were away', command: 'sallyport policy publish' },
  ]
  static override args = { file: stringArg({ required: false, description: 'Policy file' }) }
  static override flags = policyRootFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyPublish)
    const { policyPublish, policyRepublish } = await import('../../work/policy-publish.ts')
    const { isAgreed, timeoutMs } = mannerOf(flags)
    const request = { isAgreed, timeoutMs }
    const talk = this.talk(flags)
    const { file } = args
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        file === undefined
          ? policyRepublish(operator, talk, { request, hand })
          : policyPublish(operator, talk, { file, request, hand }),
      ),
    )
  }
}
