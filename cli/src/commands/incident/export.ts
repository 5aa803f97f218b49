// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident export`: everything of the last days, with proofs. */
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class IncidentExport extends BaseCommand {
  static override summary = 'Save everything of the last days, with proofs, into a folder'
  static override description =
    'The log of every agent as far as it is sealed to you, a proof of each job, the signed heads, trust roots and policy, a ' +
    'summary of what is unusual, and a program by which anybody verifies it alone. Never into a folder that is there. ' +
    'Where a log does not fit, what fits is saved, and the summary says who lies.'
  static override examples = [
    { description: 'The last week', command: 'sallyport incident export --days 7 --out incident' },
    {
      description: 'One agent, one day',
      command: 'sallyport incident export --agent pve1 --days 1 --out pve1-today',
    },
  ]
  static override flags = {
    days: integer({
      helpValue: '<count>',
      summary: 'How many days back',
      default: 7,
      min: 1,
      max: 4_000,
    }),
    out: string({
      required: true,
      helpValue: '<folder>',
      summary: 'A folder that is not there yet',
    }),
    agent: string({ helpValue: '<name>', summary: 'One agent; else all' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(IncidentExport)
    const { incidentExport } = await import('../../work/incident-export.ts')
    const talk = this.talk(flags)
    const { days, out, agent } = flags
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      incidentExport(operator, talk, { days, out, agent }),
    )
  }
}
