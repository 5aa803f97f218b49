// SPDX-License-Identifier: Apache-2.0
/** `sallyport proxmox doctor`: what an agent's token may and may not. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class ProxmoxDoctor extends BaseCommand {
  static override summary = 'Look whether an agent has the rights its jobs need on Proxmox VE'
  static override description =
    'Asks the agent by signed jobs that only look. It tells what is missing for the approved job types, what is too ' +
    'much, and whether a list is empty because nothing is there or because the token may not see.'
  static override examples = [
    { description: 'Of one agent', command: 'sallyport proxmox doctor --agent pve1' },
    {
      description: 'For a program; it exits with 1 when a right is missing',
      command: 'sallyport proxmox doctor --agent pve1 --json',
    },
  ]
  static override flags = {
    agent: string({ required: true, helpValue: '<name>', summary: 'The agent' }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ProxmoxDoctor)
    const { proxmoxDoctor } = await import('../../work/proxmox-doctor.ts')
    const talk = this.talk(flags)
    const request = { agent: flags.agent, timeoutMs: parseDuration('timeout', flags.timeout) }
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        proxmoxDoctor(operator, talk, request),
      ),
    )
  }
}
