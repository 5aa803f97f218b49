// SPDX-License-Identifier: Apache-2.0
/** `sallyport policy explain`: which rule decides? */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class PolicyExplain extends BaseCommand {
  static override summary = 'Say which rule allows or denies a job, signed or only thought of'
  static override description =
    'With the id of a job: that one, by the policy as it is now. With a job type: what would be decided if somebody wanted it. ' +
    'The exit code is 3 when it is denied.'
  static override examples = [
    { description: 'Why was it refused?', command: 'sallyport policy explain 0193f2ab…c21' },
    {
      description: 'May Ben?',
      command:
        'sallyport policy explain proxmox/guest.start --agent pve1 --as operator/ben --param node=pve1 --param vmid=101',
    },
    {
      description: 'Would a draft allow it?',
      command: 'sallyport policy explain sensors/host --agent pve1 --policy policy.cedar',
    },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Id of a job, or a job type' }),
  }
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Where it would run' }),
    param: string({
      multiple: true,
      helpValue: '<name=value>',
      summary: 'One parameter; may be repeated',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with the parameters' }),
    as: string({
      helpValue: '<who>',
      summary: 'Who would want it: operator/ann, customer/bakery, guest/101, schedule/nightly',
    }),
    signer: string({
      multiple: true,
      helpValue: '<who>',
      summary: 'Who would sign, when not only they; may be repeated',
    }),
    step: string({ options: ['plan', 'run'], default: 'run', summary: 'Only plan, or run' }),
    policy: string({ helpValue: '<file>', summary: 'A policy file; else the policy that counts' }),
    manifest: string({
      multiple: true,
      helpValue: '<file>',
      summary: 'Manifest of a plugin whose approval is not on record here; may be repeated',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyExplain)
    const { policyExplain } = await import('../../work/policy-explain.ts')
    const request = {
      subject: args.job,
      agent: flags.agent,
      params: flags.param ?? [],
      paramsFile: flags['params-file'],
      as: flags.as,
      signers: flags.signer ?? [],
      step: flags.step === 'plan' ? ('plan' as const) : ('run' as const),
      file: flags.policy,
      manifests: flags.manifest ?? [],
    }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        policyExplain(operator, this.talk(flags), request),
      ),
    )
  }
}
