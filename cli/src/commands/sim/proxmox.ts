// SPDX-License-Identifier: Apache-2.0
/** `sallyport sim proxmox`: a Proxmox VE cluster for trying things without one. */
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'

export class SimProxmox extends BaseCommand {
  static override summary = 'Run a simulated Proxmox VE cluster in this terminal'
  static override description =
    'Answers on HTTPS as Proxmox VE answers: nodes, guests, storages, tasks that take their time, users, tokens and ' +
    'rights. It says how to reach it and then shows every change that arrives. Everything is in memory: it ends with ' +
    'Ctrl-C and nothing is kept. Whoever reaches it can do everything to it.'
  static override examples = [
    { description: 'Three nodes and forty guests', command: 'sallyport sim proxmox' },
    {
      description: 'Another version, ten times as fast, on any free port',
      command: 'sallyport sim proxmox --version 8.4 --speed 10 --port 0',
    },
    {
      description: 'A fleet',
      command: 'sallyport sim proxmox --nodes 2048 --guests 20000',
    },
  ]
  static override flags = {
    nodes: integer({ min: 1, max: 4096, default: 3, summary: 'How many nodes' }),
    guests: integer({ min: 0, max: 100_000, default: 40, summary: 'How many guests' }),
    seed: integer({ min: 0, default: 7, summary: 'The same seed gives the same cluster' }),
    version: string({
      options: ['8.4', '9.1', '9.2'],
      default: '9.2',
      summary: 'Version of Proxmox VE',
    }),
    speed: integer({ min: 1, max: 1000, default: 1, summary: 'How many times faster tasks run' }),
    host: string({
      default: '127.0.0.1',
      helpValue: '<address>',
      summary: 'Address it listens on',
    }),
    port: integer({ min: 0, max: 65_535, default: 8006, summary: 'Port it listens on; 0 for any' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SimProxmox)
    const { simProxmox } = await import('../../work/sim-proxmox.ts')
    const { nodes, guests, seed, version, speed, host, port } = flags
    await simProxmox(this.talk(flags), { nodes, guests, seed, version, speed, host, port })
  }
}
