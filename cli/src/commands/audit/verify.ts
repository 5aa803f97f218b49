// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit verify`: the whole audit log of an agent, entry by entry. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import type { CommonFlags } from '../../base-command.ts'
import type { Home } from '../../home.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import type { OperatorFlags } from '../../operator-flags.ts'

export class AuditVerify extends BaseCommand {
  static override summary = 'Verify the audit log of an agent from its first entry to its last'
  static override description =
    'Every entry is hashed again and every signed head compared. Where this machine is an operator that has ' +
    'pinned the key of the agent, that key is used, and the newest head it has seen must be in the log. With --agent ' +
    'the copy at the hub is verified instead, from anywhere, and whoever does not fit is named.'
  static override examples = [
    { description: 'On the host', command: 'sallyport audit verify' },
    {
      description: 'A copy of a state directory',
      command: 'sallyport audit verify --state-dir ./copy',
    },
    {
      description: 'From your own machine, as an operator or a customer',
      command: 'sallyport audit verify --agent pve1',
    },
  ]
  static override flags = {
    ...operatorFlags,
    agent: string({
      helpValue: '<name>',
      exclusive: ['state-dir'],
      summary: 'Verify the copy of this agent at the hub',
    }),
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify)
    const home = this.home(flags)
    const { agent } = flags
    if (agent !== undefined) return this.#verifyCopy(home, flags, agent)
    const stateDir = flags['state-dir'] ?? home.agent
    const { expectEnrolled } = await import('../../work/agent-enrol.ts')
    await expectEnrolled(stateDir)
    const { auditVerify } = await import('../../work/audit.ts')
    await auditVerify(home, this.talk(flags), stateDir)
  }

  async #verifyCopy(home: Home, flags: OperatorFlags & CommonFlags, agent: string): Promise<void> {
    const { auditVerifyCopy } = await import('../../work/audit-copy.ts')
    const talk = this.talk(flags)
    await withOperator({ home, flags }, (operator) => auditVerifyCopy(operator, talk, agent))
  }
}
