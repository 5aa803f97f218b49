// SPDX-License-Identifier: Apache-2.0
/** `sallyport job plan`: shows what a job would do, and changes nothing. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class JobPlan extends BaseCommand {
  static override summary = 'Show what a job would do on an agent, without doing it'
  static override description =
    'The plugin looks through handles that cannot change anything, whatever it tries. Lines with - go away, with + come, ' +
    'with ~ are altered, and with ! are to be weighed. What you sign afterwards is this plan; the agent plans once more ' +
    'before it runs, and refuses when anything comes out otherwise.'
  static override examples = [
    {
      description: 'What would be lost',
      command:
        'sallyport job plan proxmox/guest.delete --agent pve1 --param node=pve1 --param vmid=102',
    },
    {
      description: 'For a program',
      command:
        'sallyport job plan proxmox/guest.start --agent pve1 --param node=pve1 --param vmid=104 --json',
    },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Job type, plugin/verb' }),
  }
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'Agent that shall look' }),
    param: string({
      char: 'p',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'One parameter',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with parameters' }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobPlan)
    const request = {
      jobType: args.job,
      agent: flags.agent,
      params: flags.param ?? [],
      paramsFile: flags['params-file'],
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    const { jobPlan } = await import('../../work/job-plan.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobPlan(operator, talk, request),
      ),
    )
  }
}
