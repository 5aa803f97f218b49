// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent start`: becomes the agent. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { becomeProgram } from '../../launch/become-program.ts'

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
    const { 'passphrase-file': passphraseFile, 'log-level': logLevel } = flags
    const metricsFile = flags['metrics-file']
    this.end(
      await becomeProgram('@sallyport/agent/main', [
        ...['--state-dir', stateDir],
        ...(passphraseFile === undefined ? [] : ['--passphrase-file', passphraseFile]),
        ...(metricsFile === undefined ? [] : ['--metrics-file', metricsFile]),
        ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
      ]),
    )
  }
}
