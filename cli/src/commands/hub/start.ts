// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub start`: becomes the hub. */
import { integer, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { becomeProgram } from '../../launch/become-program.ts'

export class HubStart extends BaseCommand {
  static override summary = 'Run a hub in this terminal'
  static override description =
    'This process is replaced by the hub: it logs JSON lines and stops on Ctrl-C or SIGTERM. It stores sealed ' +
    'envelopes and passes them on; it can open none of them and sign no job.'
  static override examples = [
    { description: 'Beside the operator, on loopback', command: 'sallyport hub start' },
    {
      description: "On a machine of its own, with a copy of the operator's site file",
      command:
        'sallyport hub start --site site.json --host 0.0.0.0 --public-url https://hub.example:8440',
    },
  ]
  static override flags = {
    site: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<file>',
      summary: 'Site it serves; else operator/site.json of the home',
    }),
    host: string({ helpValue: '<address>', summary: 'Address it listens on; else 127.0.0.1' }),
    port: integer({
      min: 0,
      max: 65_535,
      helpValue: '<port>',
      summary: 'Port it listens on; else 8420',
    }),
    'public-url': string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<url>',
      summary: 'Address at which others reach it, when that is another',
    }),
    'data-dir': string({
      helpValue: '<folder>',
      summary: 'Where its database is; else hub/ of the home',
    }),
    database: string({
      helpValue: '<url>',
      summary: 'PostgreSQL database in place of a file, which several hubs may share',
    }),
    'log-level': string({
      summary: 'How much it logs',
      options: ['trace', 'debug', 'info', 'warn', 'error'],
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(HubStart)
    const { database } = flags
    const home = this.home(flags)
    const dataDir = flags['data-dir'] ?? home.hub
    const { expectSites } = await import('../../work/hub-start.ts')
    expectSites(home, { given: flags.site ?? [], dataDir, database })
    const { host, port, site, 'public-url': publicUrls, 'log-level': logLevel } = flags
    const values = {
      '--home': [home.folder],
      '--data-dir': [dataDir],
      '--database': [database],
      '--host': [host],
      '--port': [port?.toString()],
      '--site': site ?? [],
      '--public-url': publicUrls ?? [],
      '--log-level': [logLevel],
    }
    const args = Object.entries(values).flatMap(([name, each]) =>
      each.flatMap((value) => (value === undefined ? [] : [name, value])),
    )
    this.end(await becomeProgram('@sallyport/hub/main', args))
  }
}
