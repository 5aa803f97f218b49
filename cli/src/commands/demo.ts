// SPDX-License-Identifier: Apache-2.0
/** `sallyport demo`: one signed job, end to end, on this machine. */
import { boolean } from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'

export class Demo extends BaseCommand {
  static override summary =
    "Run it all once on this machine: hub, agent, plugin, jobs on this machine's own readings"
  static override description =
    'Starts a hub and an agent as processes in a temporary folder, enrols, builds and approves the sensors plugin, ' +
    'runs two jobs, verifies answers and audit log, and shows what happens to a job that is altered in the database of ' +
    'the hub. Nothing is left behind.'
  static override examples = [
    { description: 'In some ten seconds', command: 'sallyport demo' },
    { description: 'Leave hub and agent running, to try more', command: 'sallyport demo --keep' },
  ]
  static override flags = {
    keep: boolean({
      default: false,
      summary: 'Leave hub and agent running and say what to try next',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo)
    const { demo } = await import('../work/demo.ts')
    await demo(this.talk(flags), { isKept: flags.keep })
  }
}
