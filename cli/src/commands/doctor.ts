// SPDX-License-Identifier: Apache-2.0
/** `sallyport doctor`: looks at everything that can be wrong here and says the remedy. */
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'

export class Doctor extends BaseCommand {
  static override summary = 'Look at everything that can be wrong on this machine, with the remedy'
  static override description =
    'Looks at Node, the sandbox, the rights of files, the clock, the hub and the journal. Changes nothing. ' +
    'The exit code is 1 when something failed.'
  static override examples = [
    { description: 'Everything', command: 'sallyport doctor' },
    {
      description: 'On a host whose agent has a folder of its own',
      command: 'sallyport doctor --state-dir /var/lib/sallyport --hub https://hub.example:8440',
    },
    { description: 'How fast plugins are here', command: 'sallyport doctor --bench' },
  ]
  static override flags = {
    bench: boolean({
      summary: 'Measure instead how long a plugin takes here: to start, to run, to be answered',
    }),
    hub: string({
      helpValue: '<url>',
      env: 'SALLYPORT_HUB',
      summary: 'Address of the hub; else the one of the operator or agent here',
    }),
    'state-dir': string({
      helpValue: '<folder>',
      summary: 'State directory of the agent; else agent/ of the home',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor)
    if (flags.bench) {
      const { doctorBench } = await import('../work/doctor-bench.ts')
      return this.end(await doctorBench(this.talk(flags)))
    }
    const { doctor } = await import('../work/doctor.ts')
    const home = this.home(flags)
    const stateDir = flags['state-dir'] ?? home.agent
    this.end(await doctor(this.talk(flags), { home, stateDir, hub: flags.hub }))
  }
}
