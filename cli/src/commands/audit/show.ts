// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit show`: the newest entries of an agent's audit log. */
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class AuditShow extends BaseCommand {
  static override summary = 'Show entries of the audit log of an agent'
  static override description =
    'Shows what is written there; whether it is true, `sallyport audit verify` says.'
  static override examples = [
    { description: 'The newest twenty', command: 'sallyport audit show' },
    {
      description: 'What was refused',
      command: 'sallyport audit show --event job.refused --limit 100',
    },
    { description: 'Everything about one job', command: 'sallyport audit show --job 0193f2ab' },
  ]
  static override flags = {
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
    limit: integer({
      helpValue: '<count>',
      summary: 'How many',
      default: 20,
      min: 1,
      max: 100_000,
    }),
    job: string({ helpValue: '<id>', summary: 'Only of the job whose id begins so' }),
    event: string({ helpValue: '<event>', summary: 'Only of this kind, as job.refused' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditShow)
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    const { expectEnrolled } = await import('../../work/agent-enrol.ts')
    await expectEnrolled(stateDir)
    const { auditShow } = await import('../../work/audit.ts')
    const { limit, job, event } = flags
    await auditShow(this.talk(flags), stateDir, { limit, job, event })
  }
}
