// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent bindings`: what names stand for on this host. */
import { agentPlaceFlags } from '../../agent-place-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AgentBindings extends BaseCommand {
  static override summary =
    'Show what the names in the permissions of plugins stand for on this host'
  static override description =
    'Kinds, addresses, fingerprints and names of headers; no value that opens anything is ever shown.'
  static override examples = [
    { description: 'Of the agent in the home', command: 'sallyport agent bindings' },
    { description: 'For a program', command: 'sallyport agent bindings --json' },
  ]
  static override flags = agentPlaceFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentBindings)
    const { agentBindings } = await import('../../work/agent-bind.ts')
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    await agentBindings(this.talk(flags), { stateDir, passphraseFile: flags['passphrase-file'] })
  }
}
