// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent revoke`: sends an agent away. */
import { AgentWordCommand, type AgentWord } from '../../agent-word-command.ts'

export class AgentRevoke extends AgentWordCommand {
  static override summary = 'Send an agent away: the hub serves it no more'
  static override description =
    'Its open poll ends at once, its tokens open nothing, and its key is never taken again, at every process of the hub. A code that was not used ends too. Its name is free for another.'
  static override examples = [
    { description: 'A host that was given away', command: 'sallyport agent revoke pve1' },
    { description: 'In a script', command: 'sallyport agent revoke pve1 --yes --json' },
  ]

  protected async word(): Promise<AgentWord> {
    const { agentRevoke } = await import('../../work/agent-revoke.ts')
    return agentRevoke
  }
}
