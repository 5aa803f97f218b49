// SPDX-License-Identifier: Apache-2.0
/** `sallyport schedule add`: a job that agents run by themselves at its times. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { audienceFlags } from '../../audience-flags.ts'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class ScheduleAdd extends BaseCommand {
  static override summary = 'Have agents run a job by themselves, again and again'
  static override description =
    'You sign the schedule as you would sign the job, and see its next five runs first. The agent judges it anew before every ' +
    'run, and goes on while the hub is away. The times are read in a time zone: one that does not exist on the day the clocks ' +
    'are set runs at the first moment after, one that exists twice runs once. What destroys runs by no clock.'
  static override examples = [
    {
      description: 'Every five minutes',
      command: 'sallyport schedule add readings sensors/read --agent pve1 --cron "*/5 * * * *"',
    },
    {
      description: 'A backup every night, made up for after downtime',
      command:
        'sallyport schedule add nightly proxmox/guest.backup --agent pve1 --param node=pve1 --param vmid=104 --param storage=pbs --cron "0 3 * * *" --time-zone Europe/Vienna --jitter 10m --catch-up once',
    },
  ]
  static override args = {
    name: stringArg({ required: true, description: 'Name of the schedule' }),
    job: stringArg({ required: true, description: 'Job type, plugin/verb' }),
  }
  static override flags = {
    cron: string({
      required: true,
      helpValue: '<expression>',
      summary: 'Minute, hour, day, month, weekday; with a sixth field in front, the second',
    }),
    'time-zone': string({
      helpValue: '<zone>',
      summary: 'In which the expression is read; else that of this machine',
    }),
    jitter: string({
      helpValue: '<time>',
      summary: 'Run up to so much later, the same each time; at most 60m',
    }),
    'catch-up': string({
      options: ['skip', 'once'],
      default: 'skip',
      summary: 'What becomes of times that nobody was there for: nothing, or one run for all',
    }),
    until: string({ helpValue: '<time>', summary: 'How long it counts', default: '365d' }),
    param: string({
      char: 'p',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<name=value>',
      summary: 'One parameter',
    }),
    'params-file': string({ helpValue: '<file>', summary: 'JSON object with parameters' }),
    ...audienceFlags,
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleAdd)
    const [{ audienceOf }, { scheduleAdd }, { typedTimes }] = await Promise.all([
      import('../../operator/site-agents.ts'),
      import('../../work/schedule-add.ts'),
      import('../../operator/typed-times.ts'),
    ])
    const lifetimeMs = parseDuration('until', flags.until)
    const request = {
      name: args.name,
      jobType: args.job,
      audience: audienceOf(flags),
      params: flags.param ?? [],
      paramsFile: flags['params-file'],
      times: typedTimes({
        name: args.name,
        cron: flags.cron,
        timeZone: flags['time-zone'],
        jitterMs: flags.jitter === undefined ? 0 : parseDuration('jitter', flags.jitter),
        catchUp: flags['catch-up'],
        lifetimeMs,
      }),
      untilMs: (nowMs: number) => nowMs + lifetimeMs,
      isAgreed: flags.yes,
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        scheduleAdd(operator, this.talk(flags), request),
      ),
    )
  }
}
