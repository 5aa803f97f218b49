// SPDX-License-Identifier: Apache-2.0
/** `sallyport cluster top`: load and health of a cluster. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'
import { parseDuration } from '../../output/duration.ts'

export class ClusterTop extends BaseCommand {
  static override summary = 'Show how the nodes of a Proxmox cluster are'
  static override description =
    'Asks the one agent that leads: of the agents named after nodes of the cluster, the first by name whose node is ' +
    'online. It keeps a short history, which the bars show.'
  static override examples = [
    { description: 'Once', command: 'sallyport cluster top' },
    {
      description: 'Every ten seconds, until Ctrl-C',
      command: 'sallyport cluster top --every 10s',
    },
    { description: 'By one agent, whoever leads', command: 'sallyport cluster top --agent pve1' },
  ]
  static override flags = {
    agent: string({ helpValue: '<name>', summary: 'The agent to ask; else the one that leads' }),
    every: string({ helpValue: '<time>', summary: 'Show it again and again with this pause' }),
    timeout: string({ helpValue: '<time>', summary: 'How long to wait', default: '60s' }),
    ...operatorFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ClusterTop)
    const { clusterTop } = await import('../../work/cluster-top.ts')
    const request = {
      agent: flags.agent,
      everyMs: flags.every === undefined ? undefined : parseDuration('every', flags.every),
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    const talk = this.talk(flags)
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      clusterTop(operator, talk, request),
    )
  }
}
