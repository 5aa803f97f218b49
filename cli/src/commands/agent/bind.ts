// SPDX-License-Identifier: Apache-2.0
/** `sallyport agent bind`: says what a name in a plugin's permissions stands for on this host. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { agentPlaceFlags } from '../../agent-place-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class AgentBind extends BaseCommand {
  static override summary = "Say what a name in a plugin's permissions stands for on this host"
  static override description =
    'Run it on the host, as the account of the agent, also while the agent runs. Secrets come from files that only ' +
    'you can read, or from standard input (-), never from the arguments; plugins do not see them, except those of ' +
    '--secret-file. They are kept sealed under the keys of the agent.'
  static override examples = [
    {
      description: 'A Proxmox VE node by its API token, its certificate shown for you to compare',
      command:
        'sallyport agent bind proxmox pve --url https://pve1:8006/api2/json --fetch-fingerprint --pve-token-file token',
    },
    {
      description: 'A service behind a CA of your own',
      command:
        'sallyport agent bind nas api --url https://nas.lan/api --ca ca.pem --bearer-file token',
    },
    {
      description: 'Docker over its socket',
      command: 'sallyport agent bind docker engine --unix /run/docker.sock --base /v1.44',
    },
    {
      description: 'A TCP address',
      command: 'sallyport agent bind mqtt broker --connect tcp://10.0.0.5:1883',
    },
    {
      description: 'An account on an SSH host',
      command:
        'sallyport agent bind backup nas --ssh backup@nas.lan --host-key known_hosts --key-file id_ed25519',
    },
    {
      description: 'A folder',
      command: 'sallyport agent bind reports exports --folder /srv/exports',
    },
    {
      description: 'A secret that the plugin sees, from another program',
      command: 'sallyport agent bind mail smtpPassword --secret-file -',
    },
  ]
  static override args = {
    plugin: stringArg({ required: true, description: 'Name of the plugin' }),
    name: stringArg({ required: true, description: 'The name in its permissions' }),
  }
  static override flags = {
    url: string({ helpValue: '<url>', summary: 'An HTTP service; plain http on this host only' }),
    ca: string({
      helpValue: '<file>',
      summary: 'The service is known by a certificate that this CA has signed (PEM)',
    }),
    fingerprint: string({
      helpValue: '<sha256>',
      summary: 'The service is known by exactly this certificate',
    }),
    'fetch-fingerprint': boolean({
      default: false,
      summary: 'Fetch its certificate, show it, and pin it after a yes',
    }),
    'public-ca': boolean({
      default: false,
      summary: 'The service is known by a certificate of the public authorities',
    }),
    'header-file': string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<Name=file>',
      summary: 'A header that the agent adds, its value from a file',
    }),
    'bearer-file': string({ helpValue: '<file>', summary: 'A bearer token that the agent adds' }),
    'basic-file': string({
      helpValue: '<file>',
      summary: 'A pair account:password that the agent adds',
    }),
    'pve-token-file': string({
      helpValue: '<file>',
      summary: 'A Proxmox API token that the agent adds: account@realm!name=value',
    }),
    'pve-token-separated': string({
      helpValue: '<yes|no>',
      options: ['yes', 'no', 'unknown'],
      summary: 'Whether that token has rights of its own, apart from its account',
    }),
    'accept-root-token': boolean({
      default: false,
      summary: 'Take a token of root, which may do everything; it is recorded',
    }),
    'accept-unseparated-token': boolean({
      default: false,
      summary: 'Take a token that may do all that its account may; it is recorded',
    }),
    unix: string({ helpValue: '<socket>', summary: 'An HTTP service on a Unix socket' }),
    base: string({ helpValue: '<path>', summary: 'With --unix: the path all routes are below' }),
    connect: string({
      helpValue: '<address>',
      summary: 'A stream of bytes: tcp://host:port or unix:/path',
    }),
    ssh: string({ helpValue: '<account@host[:port]>', summary: 'An account on an SSH host' }),
    'host-key': string({
      helpValue: '<file>',
      summary: 'With --ssh: the keys of the host, in the form of known_hosts',
    }),
    'key-file': string({ helpValue: '<file>', summary: 'With --ssh: the private key' }),
    'key-passphrase-file': string({
      helpValue: '<file>',
      summary: 'With --ssh: the passphrase of that key',
    }),
    'secret-file': string({
      helpValue: '<file>',
      summary: 'A secret that the plugin itself sees',
    }),
    folder: string({ helpValue: '<folder>', summary: 'A folder below which files are named' }),
    yes: boolean({ char: 'y', default: false, summary: 'Do not ask about a fetched certificate' }),
    ...agentPlaceFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentBind)
    const { agentBind } = await import('../../work/agent-bind.ts')
    const stateDir = flags['state-dir'] ?? this.home(flags).agent
    const place = { stateDir, passphraseFile: flags['passphrase-file'] }
    await agentBind(this.talk(flags), place, { name: args, flags, isAgreed: flags.yes })
  }
}
