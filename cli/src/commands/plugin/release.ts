// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin release`: a plugin in quarantine may start again. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class PluginRelease extends BaseCommand {
  static override summary = 'Let a plugin in quarantine start again'
  static override description =
    'An agent puts a plugin aside whose process ends badly too often; its jobs are then refused as quarantined. ' +
    'A release is signed, and names the bundle that you approved.'
  static override examples = [
    {
      description: 'Once the cause is found',
      command: 'sallyport plugin release sensors --agent pve1',
    },
    {
      description: 'In a script',
      command: 'sallyport plugin release sensors --agent pve1 --yes --json',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the plugin' }),
  }
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'Agent that put it aside' }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginRelease)
    const request = {
      name: args.name,
      agent: flags.agent,
      timeoutMs: parseDuration('timeout', flags.timeout),
      isAgreed: flags.yes,
    }
    const { pluginRelease } = await import('../../work/plugin-release.ts')
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      pluginRelease(operator, this.talk(flags), request),
    )
  }
}
