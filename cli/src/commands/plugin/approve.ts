// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin approve`: lets one bundle load on one agent, or on all of a site. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import type { Approval } from '@sallyport/core/protocol'
import { audienceFlags } from '../../audience-flags.ts'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class PluginApprove extends BaseCommand {
  static override summary = 'Read what a plugin may do and approve it for an agent or the site'
  static override description =
    'Shows who published the bundle, in plain words what it may touch, and what is new (+), gone (-) or changed (~) ' +
    'since the last approval, then asks. The approval names the digest of the bundle, its publisher, and each ' +
    'permission: other bytes, another publisher or a wider permission do not load. Needs <bundle>.sig beside it.'
  static override examples = [
    {
      description: 'Look, then answer',
      command: 'sallyport plugin approve sensors-0.1.0.spb --agent pve1',
    },
    {
      description: 'For every agent of the site, one job type alone',
      command: 'sallyport plugin approve sensors-0.1.0.spb --site --only host',
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
    only: string({
      multiple: true,
      helpValue: '<job>',
      summary: 'Let only this job type of it run; may be repeated',
    }),
    'allow-downgrade': boolean({
      default: false,
      summary: 'A lower version than the one that stands is meant',
    }),
    'allow-publisher': boolean({
      default: false,
      summary: 'Another publisher than the one that stands is meant',
    }),
    valid: string({
      helpValue: '<time>',
      summary: 'How long the approval stands',
      default: '365d',
    }),
    ...audienceFlags,
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PluginApprove)
    const [{ readBundle }, { expectPublication }, { audienceOf }] = await Promise.all([
      import('../../bundle/read-bundle.ts'),
      import('../../publisher/publication.ts'),
      import('../../operator/site-agents.ts'),
    ])
    const audience = audienceOf(flags)
    const bundle = await readBundle(args.bundle)
    const overrides: Approval['overrides'] = []
    if (flags['allow-downgrade']) overrides.push('lower_version')
    if (flags['allow-publisher']) overrides.push('other_publisher')
    const request = {
      bundle,
      publication: await expectPublication(bundle, Date.now()),
      audience,
      only: flags.only ?? [],
      overrides,
      lifetimeMs: parseDuration('valid', flags.valid),
      timeoutMs: parseDuration('timeout', flags.timeout),
      isAgreed: flags.yes,
    }
    const { pluginApprove } = await import('../../work/plugin-approve.ts')
    const code = await withOperator({ home: this.home(flags), flags }, (operator) =>
      pluginApprove(operator, this.talk(flags), request),
    )
    this.end(code)
  }
}
