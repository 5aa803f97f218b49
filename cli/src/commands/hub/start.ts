// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub start`: becomes the hub. */
import { BaseCommand } from '../../base-command.ts'
import { hubArguments, hubStartFlags } from '../../hub-start-flags.ts'
import { becomeProgram } from '../../launch/become-program.ts'

export class HubStart extends BaseCommand {
  static override summary = 'Run a hub in this terminal'
  static override description =
    'This process is replaced by the hub: it logs JSON lines and stops on Ctrl-C or SIGTERM, after held requests were ' +
    'answered with nothing and others to their end; a second signal ends it at once. It stores sealed envelopes and ' +
    'passes them on; it can open none of them and sign no job. Balancers ask /health and /ready.'
  static override examples = [
    { description: 'Beside the operator, on loopback', command: 'sallyport hub start' },
    {
      description: "On a machine of its own, with a copy of the operator's site file",
      command:
        'sallyport hub start --site site.json --host 0.0.0.0 --public-url https://hub.example:8420 ' +
        '--tls-cert fullchain.pem --tls-key privkey.pem',
    },
    {
      description: 'Behind a reverse proxy on the same machine, with metrics',
      command:
        'sallyport hub start --site site.json --public-url https://hub.example ' +
        '--trusted-proxy 127.0.0.1/32 --metrics-port 9420',
    },
  ]
  static override flags = hubStartFlags

  async run(): Promise<void> {
    const { flags, raw } = await this.parse(HubStart)
    const home = this.home(flags)
    const dataDir = flags['data-dir'] ?? home.hub
    const { expectSites } = await import('../../work/hub-start.ts')
    expectSites(home, { given: flags.site ?? [], dataDir, database: flags.database })
    // What was not typed is in the environment, which the hub has too: a list of processes does not show it.
    const typed = raw.flatMap((word) => (word.type === 'flag' ? [word.flag] : []))
    const own = Object.entries(flags).filter(
      ([name]) => name in hubStartFlags && typed.includes(name),
    )
    const args = { ...Object.fromEntries(own), home: home.folder, 'data-dir': dataDir }
    this.end(await becomeProgram('@sallyport/hub/main', hubArguments(args)))
  }
}
