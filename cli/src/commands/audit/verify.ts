// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit verify`: the whole audit log of an agent, entry by entry. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class AuditVerify extends BaseCommand {
  static override summary = 'Verify the audit log of an agent from its first entry to its last'
  static override description =
    'Every entry is hashed again and every signed head compared. Where this machine is an operator that has ' +
    'pinned the key of the agent, that key is used, and the newest head it has seen must be in the log.'
  static override examples = [
    { description: 'On the host', command: 'sallyport audit verify' },
    {
      description: 'A copy of a state directory',
      command: 'sallyport audit verify --state-dir ./copy',
    },
  ]
  static override flags = {
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify)
    const home = this.home(flags)
    const stateDir = flags['state-dir'] ?? home.agent
    const { expectEnrolled } = await import('../../work/agent-enrol.ts')
    await expectEnrolled(stateDir)
    const { auditVerify } = await import('../../work/audit.ts')
    await auditVerify(home, this.talk(flags), stateDir)
  }
}
