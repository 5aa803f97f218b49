// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin approve`: lets one bundle load on one agent. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class PluginApprove extends BaseCommand {
  static override summary = 'Read what a plugin may do and approve it for an agent'
  static override description =
    'Shows in plain words what the plugin may touch and what is new since the last approval, then asks. ' +
    'The approval names the digest of the bundle: other bytes under the same name do not load.'
  static override examples = [
    {
      description: 'Look, then answer',
      command: 'sallyport plugin approve sensors-0.1.0.spb --agent pve1',
    },
    {
      description: 'In a script, for 30 days',
      command: 'sallyport plugin approve sensors-0.1.0.spb --agent pve1 --valid 30d --yes',
    },
  ]
  static override args = {
    bundle: stringArg({ required: true, description: 'Bundle file' }),
  }
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'Agent it may load on' }),
    valid: string({
      helpValue: '<time>',
      summary: 'How long the approval stands',
      default: '365d',
    }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginApprove)
    const { readBundle } = await import('../../operator/approve.ts')
    const request = {
      bundle: await readBundle(args.bundle),
      agent: flags.agent,
      lifetimeMs: parseDuration('valid', flags.valid),
      timeoutMs: parseDuration('timeout', flags.timeout),
      isAgreed: flags.yes,
    }
    const { pluginApprove } = await import('../../work/plugin-approve.ts')
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      pluginApprove(operator, this.talk(flags), request),
    )
  }
}
