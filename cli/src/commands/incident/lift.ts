// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident lift`: an isolated agent takes jobs again. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class IncidentLift extends BaseCommand {
  static override summary = 'Let an isolated agent take jobs again'
  static override description =
    'It counts as a change, so it needs as many signatures as a change does. It undoes what was said before it, not what is said later.'
  static override examples = [
    {
      description: 'Once it is understood',
      command: 'sallyport incident lift pve1 --why "it was ben, on the console"',
    },
    {
      description: 'In a script',
      command: 'sallyport incident lift pve1 --why "false alarm" --yes --json',
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
    const { args, flags } = await this.parse(IncidentLift)
    const request = {
      agent: args.agent,
      isIsolated: false,
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
