// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin revoke`: a plugin, a bundle or a publisher loads no more. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { audienceFlags } from '../../audience-flags.ts'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class PluginRevoke extends BaseCommand {
  static override summary = 'Stop a plugin, a bundle or a publisher on an agent or the site'
  static override description =
    'What runs of it is stopped within 5 seconds and new jobs are refused. It voids every approval signed until now; ' +
    'approving a bundle anew lets it load again. The agent signs that it has taken it.'
  static override examples = [
    {
      description: 'Every version of a plugin, everywhere',
      command: 'sallyport plugin revoke sensors --site --why "reads too much"',
    },
    {
      description: 'One bundle on one host',
      command: 'sallyport plugin revoke --digest sha256:<64 digits> --agent pve1',
    },
    {
      description: 'Everything by a key that was stolen',
      command: 'sallyport plugin revoke --publisher SHA256:q3Fh7Kb2 --site',
    },
  ]
  static override args = {
    name: stringArg({ required: false, description: 'Name of the plugin' }),
  }
  static override flags = {
    digest: string({ helpValue: '<digest>', summary: 'One bundle instead, by its whole digest' }),
    publisher: string({
      helpValue: '<key>',
      summary: 'Everything by one publisher instead, by key or fingerprint',
    }),
    why: string({ helpValue: '<text>', summary: 'Reason for the record', default: '' }),
    ...audienceFlags,
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginRevoke)
    const [{ audienceOf }, { pluginRevoke }] = await Promise.all([
      import('../../operator/site-agents.ts'),
      import('../../work/plugin-revoke.ts'),
    ])
    const request = {
      typed: { name: args.name, digest: flags.digest, publisher: flags.publisher },
      audience: audienceOf(flags),
      why: flags.why,
      timeoutMs: parseDuration('timeout', flags.timeout),
      isAgreed: flags.yes,
    }
    const code = await withOperator({ home: this.home(flags), flags }, (operator) =>
      pluginRevoke(operator, this.talk(flags), request),
    )
    this.end(code)
  }
}
