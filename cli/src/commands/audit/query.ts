// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit query`: all entries that answer a question. */
import { integer } from '@oclif/core/flags'
import { entryFlags, logFlags } from '../../audit-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AuditQuery extends BaseCommand {
  static override summary = 'Ask the audit log of an agent: all entries that fit'
  static override description =
    'As audit show, with all that fit. --refused, --denied, --limits, --ssh-failed and --event add to each other; what ' +
    'else is said narrows.'
  static override examples = [
    {
      description: 'What ran within the last hour',
      command: 'sallyport audit query --event job.admitted --since 1h',
    },
    { description: 'SSH that failed', command: 'sallyport audit query --ssh-failed' },
    { description: 'Limits that were reached', command: 'sallyport audit query --limits' },
    {
      description: 'One job, through all that it did',
      command: 'sallyport audit query --job 0193f2ab…c21',
    },
    {
      description: 'What concerns one guest, from your own machine',
      command: 'sallyport audit query --agent pve1 --about guest/101',
    },
  ]
  static override flags = {
    limit: integer({
      helpValue: '<count>',
      summary: 'The newest so many',
      default: 10_000,
      min: 1,
      max: 100_000,
    }),
    ...entryFlags,
    ...logFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditQuery)
    const { auditShow } = await import('../../work/audit-show.ts')
    await auditShow({ home: this.home(flags), talk: this.talk(flags) }, flags)
  }
}
