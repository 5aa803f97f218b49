// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent pin`: says which certificate a bound service has from now on. */
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class AgentPin extends BaseCommand {
  static override summary = 'Pin the certificate of a bound service, and unlock its binding'
  static override description =
    'An agent locks a binding whose service shows another certificate than the pinned one; its jobs are then refused as ' +
    'binding_locked, even when the old certificate comes back. Compare the fingerprint on the host itself, then pin it: ' +
    'the statement is signed, and the agent signs that it has taken it.'
  static override examples = [
    {
      description: 'After the certificate of a Proxmox node was renewed',
      command:
        'sallyport agent pin --agent pve1 --plugin proxmox --binding pve --fingerprint <sha256>',
    },
    {
      description: 'In a script',
      command:
        'sallyport agent pin --agent pve1 --plugin proxmox --binding pve --fingerprint <sha256> --yes --json',
    },
  ]
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'Agent that is bound to it' }),
    plugin: string({ required: true, helpValue: '<name>', summary: 'Name of the plugin' }),
    binding: string({
      required: true,
      helpValue: '<name>',
      summary: 'The name in its permissions',
    }),
    fingerprint: string({
      required: true,
      helpValue: '<sha256>',
      summary: 'SHA-256 of the certificate, with or without colons',
    }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentPin)
    const { agent, plugin, binding, fingerprint } = flags
    const timeoutMs = parseDuration('timeout', flags.timeout)
    const asked = { agent, plugin, binding, fingerprint, timeoutMs, isAgreed: flags.yes }
    const { agentPin } = await import('../../work/agent-pin.ts')
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      agentPin(operator, this.talk(flags), asked),
    )
  }
}
