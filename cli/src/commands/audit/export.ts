// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit export`: entries of an audit log for other programs. */
import { option, string } from '@oclif/core/flags'
import { entryFlags, logFlags } from '../../audit-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AuditExport extends BaseCommand {
  static override summary = 'Write entries of the audit log of an agent for other programs'
  static override description =
    'JSON lines, a table for spreadsheets (csv), the export format of the systemd journal, or syslog lines with ' +
    'structured data. All that fits, oldest first, each entry one record. The entries are chosen as in audit query.'
  static override examples = [
    {
      description: 'Everything, as JSON lines',
      command: 'sallyport audit export --out pve1.jsonl',
    },
    {
      description: 'For journalctl, by way of systemd-journal-remote',
      command: 'sallyport audit export --format journal --out pve1.export',
    },
    {
      description: 'The last week of the copy at the hub, as a table',
      command: 'sallyport audit export --agent pve1 --since 7d --format csv --out pve1.csv',
    },
  ]
  static override flags = {
    format: option({
      options: ['jsonl', 'csv', 'journal', 'syslog'] as const,
      default: 'jsonl',
      summary: 'How it is written',
    })(),
    out: string({ helpValue: '<file>', summary: 'Where to; else standard output' }),
    ...entryFlags,
    ...logFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditExport)
    const { auditExport } = await import('../../work/audit-export.ts')
    await auditExport({ home: this.home(flags), talk: this.talk(flags) }, flags)
  }
}
