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
    'The parameters are typed by the manifest you approved. The answer counts only if the agent signed it for ' +
    'exactly this job and its audit log provably holds it.'
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
    wait: boolean({ allowNo: true, default: true, summary: 'Wait for the answer' }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    valid: string({
      helpValue: '<time>',
      summary: 'How long the agent may begin with it',
      default: '10m',
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
      lifetimeMs: parseDuration('valid', flags.valid),
      timeoutMs: parseDuration('timeout', flags.timeout),
      isWaiting: flags.wait,
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
