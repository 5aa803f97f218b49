// SPDX-License-Identifier: Apache-2.0
/** `sallyport job run`: signs one job and shows its verified answer. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class JobRun extends BaseCommand {
  static override summary = 'Sign a job, have an agent run it, and verify the answer'
  static override description =
    'The parameters are typed by the manifest you approved. A job type that changes something and can say beforehand what ' +
    'is planned first: you see the plan and sign it with the job, and the agent refuses when it finds another state. The ' +
    'answer counts only if the agent signed it for exactly this job and its audit log provably holds it.'
  static override examples = [
    {
      description: "Read a host's sensors",
      command: 'sallyport job run sensors/read --agent pve1',
    },
    {
      description: 'With parameters',
      command: 'sallyport job run sensors/read --agent pve1 --param chip=k10temp',
    },
    {
      description: 'Only show what it would do',
      command:
        'sallyport job run proxmox/guest.start --agent pve1 --param node=pve1 --param vmid=104 --dry-run',
    },
    {
      description: 'In a script, what destroys',
      command:
        'sallyport job run proxmox/guest.delete --agent pve1 --param node=pve1 --param vmid=102 --yes --json',
    },
    {
      description: 'Send it and go on',
      command: 'sallyport job run sensors/read --agent pve1 --no-wait --json',
    },
  ]
  static override args = {
    job: stringArg({ required: true, description: 'Job type, plugin/verb' }),
  }
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'Agent that shall run it' }),
    param: string({
      char: 'p',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'One parameter',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with parameters' }),
    'dry-run': boolean({ default: false, summary: 'End after the plan' }),
    plan: boolean({
      allowNo: true,
      default: true,
      summary: 'Plan it first, where its type can; what destroys always is',
    }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask before a job that destroys' }),
    wait: boolean({
      allowNo: true,
      summary: 'Wait for the answer; --wait also for the signatures of colleagues',
    }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    valid: string({
      helpValue: '<time>',
      summary: 'How long the agent may begin with it; else 10m, and 24h where colleagues must sign',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(JobRun)
    const request = {
      jobType: args.job,
      agent: flags.agent,
      params: flags.param ?? [],
      paramsFile: flags['params-file'],
      lifetimeMs: flags.valid === undefined ? undefined : parseDuration('valid', flags.valid),
      timeoutMs: parseDuration('timeout', flags.timeout),
      isWaiting: flags.wait ?? true,
      isPatient: flags.wait === true,
      isDryRun: flags['dry-run'],
      isUnplanned: !flags.plan,
      isAgreed: flags.yes,
    }
    const { jobRun } = await import('../../work/job-run.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        jobRun(operator, talk, request),
      ),
    )
  }
}
