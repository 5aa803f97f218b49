// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent release`: lets an agent go on of which two ran. */
import { AgentWordCommand, type AgentWord } from '../../agent-word-command.ts'

export class AgentRelease extends AgentWordCommand {
  static override summary = 'Let an agent go on that was stopped because two ran with its identity'
  static override description =
    'Two programs with one identity are both stopped, because nobody can say which is right. Stop one, remove its state directory, then release the other. Or enrol one of them anew.'
  static override examples = [
    { description: 'Once the copy is gone', command: 'sallyport agent release pve1' },
    { description: 'In a script', command: 'sallyport agent release pve1 --yes --json' },
  ]

  protected async word(): Promise<AgentWord> {
    const { agentRelease } = await import('../../work/agent-release.ts')
    return agentRelease
  }
}
