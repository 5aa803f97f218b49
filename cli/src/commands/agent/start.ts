// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent start`: becomes the agent. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { becomeProgram } from '../../launch/become-program.ts'

/** Flags that the agent takes as they are. */
const PASSED_ON = [
  'passphrase-file',
  'metrics-file',
  'audit-keep-entries',
  'audit-keep-days',
  'log-level',
] as const

export class AgentStart extends BaseCommand {
  static override summary = 'Run the agent of this host in this terminal'
  static override description =
    'This process is replaced by the agent: it logs JSON lines, stops on Ctrl-C or SIGTERM after running jobs ' +
    'have ended, and listens on nothing.'
  static override examples = [
    { description: 'The agent that was enrolled here', command: 'sallyport agent start' },
    { description: 'Another one', command: 'sallyport agent start --state-dir /var/lib/agent-2' },
  ]
  static override flags = {
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
    'passphrase-file': string({
      helpValue: '<file>',
      summary: 'File with the passphrase of its keys',
    }),
    'metrics-file': string({
      helpValue: '<file>',
      summary: 'File for Prometheus (node_exporter, textfile collector), written every 15 s',
    }),
    'audit-keep-entries': string({
      helpValue: '<count>',
      summary: 'Entries of the log that stay in the database; 100000 unless said otherwise',
    }),
    'audit-keep-days': string({
      helpValue: '<count>',
      summary: 'Days after which they move to files; 90 unless said otherwise',
    }),
    'log-level': string({
      summary: 'How much it logs',
      options: ['trace', 'debug', 'info', 'warn', 'error'],
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentStart)
    const { expectEnrolled } = await import('../../work/agent-enrol.ts')
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    await expectEnrolled(stateDir)
    const passed = PASSED_ON.flatMap((name) => {
      const value = flags[name]
      return value === undefined ? [] : [`--${name}`, value]
    })
    this.end(await becomeProgram('@sallyport/agent/main', ['--state-dir', stateDir, ...passed]))
  }
}
