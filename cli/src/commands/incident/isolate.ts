// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident isolate`: an agent takes no jobs. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class IncidentIsolate extends BaseCommand {
  static override summary = 'Have an agent take no jobs until that is lifted'
  static override description =
    'Nothing that is signed, asked for or scheduled begins there; what runs goes on, as do its log, its polls and your orders. One operator is enough.'
  static override examples = [
    {
      description: 'After something looked wrong',
      command: 'sallyport incident isolate pve1 --why "unknown login on the host"',
    },
    {
      description: 'In a script',
      command: 'sallyport incident isolate pve1 --why "alarm" --yes --json',
    },
  ]
  static override args = {
    agent: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    why: string({ required: true, helpValue: '<text>', summary: 'Why, for the record' }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(IncidentIsolate)
    const request = {
      agent: args.agent,
      isIsolated: true,
      why: flags.why,
      isAgreed: flags.yes,
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    const { incidentIsolate } = await import('../../work/incident-isolate.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        incidentIsolate(operator, talk, request),
      ),
    )
  }
}
