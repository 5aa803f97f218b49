// SPDX-License-Identifier: Apache-2.0
/** `sallyport job list`: the newest jobs. */
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class JobList extends BaseCommand {
  static override summary = 'Show the newest jobs, their answers verified'
  static override examples = [
    { description: 'The newest twenty', command: 'sallyport job list' },
    { description: 'More, of one agent', command: 'sallyport job list --agent pve1 --limit 100' },
  ]
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'Only of this agent' }),
    limit: integer({ helpValue: '<count>', summary: 'How many', default: 20, min: 1, max: 1_000 }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(JobList)
    const { jobList } = await import('../../work/job-list.ts')
    const asked = { agent: flags.agent, limit: flags.limit }
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      jobList(operator, this.talk(flags), asked),
    )
  }
}
