// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust publish`: brings the trust root to whoever lacks it. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'
import { withRootHand } from '../../root-flags.ts'

export class TrustPublish extends BaseCommand {
  static override summary = 'Send the trust root to the hub and the agents that do not have it'
  static override description =
    'Every command that changes the root does this at its end. Do it again for agents that were away for long, or after a colleague changed it.'
  static override examples = [
    { description: 'See that everybody holds it', command: 'sallyport trust publish' },
    { description: 'Wait longer for the agents', command: 'sallyport trust publish --timeout 5m' },
  ]
  static override flags = {
    timeout: string({
      helpValue: '<time>',
      default: '30s',
      summary: 'How long to wait for the agents; they take it later too',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(TrustPublish)
    const { trustPublish } = await import('../../work/trust-publish.ts')
    const timeoutMs = parseDuration('timeout', flags.timeout)
    this.end(
      await withRootHand(
        { home: this.home(flags), flags: { ...flags, yes: false } },
        (operator, hand) => trustPublish(operator, this.talk(flags), { timeoutMs, hand }),
      ),
    )
  }
}
