// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit show`: the newest entries of an agent's audit log. */
import { integer } from '@oclif/core/flags'
import { entryFlags, logFlags } from '../../audit-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AuditShow extends BaseCommand {
  static override summary = 'Show the newest entries of the audit log of an agent'
  static override description =
    'On its host as they stand there, whether they are true `sallyport audit verify` says; with --agent from anywhere, ' +
    'verified first, and as many as are sealed to you.'
  static override examples = [
    { description: 'The newest twenty', command: 'sallyport audit show' },
    { description: 'From your own machine', command: 'sallyport audit show --agent pve1' },
    { description: 'What was refused', command: 'sallyport audit show --refused --limit 100' },
    { description: 'Everything about one job', command: 'sallyport audit show --job 0193f2ab' },
  ]
  static override flags = {
    limit: integer({
      helpValue: '<count>',
      summary: 'How many',
      default: 20,
      min: 1,
      max: 100_000,
    }),
    ...entryFlags,
    ...logFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditShow)
    const { auditShow } = await import('../../work/audit-show.ts')
    await auditShow({ home: this.home(flags), talk: this.talk(flags) }, flags)
  }
}
