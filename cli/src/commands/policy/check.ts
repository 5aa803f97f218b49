// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy check`: is this a policy, and does it fit the site? */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class PolicyCheck extends BaseCommand {
  static override summary = 'Check a policy file against the approved plugins, people and agents'
  static override description =
    'Shows each problem with its line and a hint. Errors are rules that cannot be read or that use what no approved plugin ' +
    'has; warnings are rules that never apply and names that nobody has. Asks nobody: it reads the records of this machine.'
  static override examples = [
    { description: 'Before publishing', command: 'sallyport policy check policy.cedar' },
    {
      description: 'With a plugin that is not approved yet',
      command: 'sallyport policy check policy.cedar --manifest plugins/proxmox/manifest.json',
    },
  ]
  static override args = { file: stringArg({ required: true, description: 'Policy file' }) }
  static override flags = {
    manifest: string({
      multiple: true,
      helpValue: '<file>',
      summary: 'Manifest of a plugin that is not approved yet; may be repeated',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyCheck)
    const { policyCheck } = await import('../../work/policy-check.ts')
    const request = { file: args.file, manifests: flags.manifest ?? [] }
    this.end(await policyCheck(this.home(flags), this.talk(flags), request))
  }
}
