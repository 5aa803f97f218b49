// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent list`: the agents and how they stand. */
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class AgentList extends BaseCommand {
  static override summary = 'Show the agents, and pin the keys of those that have enrolled'
  static override description =
    'Keys are pinned when the proof in them fits the code you gave out; from then on no other keys are believed.'
  static override examples = [
    { description: 'Names, states, hosts', command: 'sallyport agent list' },
    { description: 'With whole keys and times', command: 'sallyport agent list --json' },
  ]
  static override flags = operatorFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentList)
    const { agentList } = await import('../../work/agent-list.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        agentList(operator, talk),
      ),
    )
  }
}
