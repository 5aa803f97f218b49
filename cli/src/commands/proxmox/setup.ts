// SPDX-License-Identifier: Apache-2.0
/** `sallyport proxmox setup`: the account of an agent on Proxmox VE. */
import { boolean, integer, string } from '@oclif/core/flags'
import { agentPlaceFlags } from '../../agent-place-flags.ts'
import { BaseCommand } from '../../base-command.ts'

export class ProxmoxSetup extends BaseCommand {
  static override summary =
    'Give an agent an account on Proxmox VE with the least rights its jobs need'
  static override description =
    'Run it on the host of the agent. It makes roles out of what the approved job types need, an account, and a token ' +
    'with rights of its own, shows all of it first, and binds the token in the vault of the agent. On a node itself, ' +
    'as root, it needs no password; from elsewhere it logs in once with --url and keeps neither password nor ticket.'
  static override examples = [
    {
      description: 'On the node, as root',
      command: 'sallyport proxmox setup',
    },
    {
      description: 'From another machine, its certificate shown for you to compare',
      command: 'sallyport proxmox setup --url https://pve1:8006 --fetch-fingerprint',
    },
    {
      description: 'For some job types, on the guests of one pool',
      command: 'sallyport proxmox setup --job guest.list --job guest.start --pool photos',
    },
    {
      description: 'A new token in place of the old one',
      command: 'sallyport proxmox setup --replace-token',
    },
  ]
  static override flags = {
    url: string({ helpValue: '<url>', summary: 'The node; without it, the one this runs on' }),
    ca: string({
      helpValue: '<file>',
      summary: 'The node is known by a certificate of this CA (PEM)',
    }),
    fingerprint: string({
      helpValue: '<sha256>',
      summary: 'It is known by exactly this certificate',
    }),
    'fetch-fingerprint': boolean({
      default: false,
      summary: 'Fetch its certificate, show it, and pin it after a yes',
    }),
    login: string({
      default: 'root@pam',
      helpValue: '<account>',
      summary: 'With --url: whom to log in as',
    }),
    'password-file': string({
      helpValue: '<file>',
      summary: 'With --url: file with the password; else it is asked for',
    }),
    totp: string({ helpValue: '<code>', summary: 'With --url: the code of a second factor' }),
    account: string({
      default: 'sallyport@pve',
      helpValue: '<account>',
      summary: 'The account of the agents',
    }),
    'token-name': string({
      helpValue: '<name>',
      summary: 'Name of the token; else that of the agent',
    }),
    job: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<noun.verb>',
      summary: 'A job type to give rights for; else all that are approved',
    }),
    guest: integer({
      multiple: true,
      multipleNonGreedy: true,
      min: 100,
      max: 999_999_999,
      helpValue: '<vmid>',
      summary: 'Only this guest; may be given several times',
    }),
    pool: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: '<pool>',
      summary: 'Only the guests of this pool; may be given several times',
    }),
    'replace-token': boolean({ default: false, summary: 'Make a new token in place of the old' }),
    'privilege-separation': boolean({
      allowNo: true,
      default: true,
      summary: 'Give the token rights of its own',
    }),
    'accept-root-token': boolean({
      default: false,
      summary: 'Allow a token of root@pam, which may do everything',
    }),
    'accept-unseparated-token': boolean({
      default: false,
      summary: 'Allow a token with all rights of its account',
    }),
    yes: boolean({ char: 'y', default: false, summary: 'Do not ask' }),
    ...agentPlaceFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ProxmoxSetup)
    const { proxmoxSetup } = await import('../../work/proxmox-setup.ts')
    await proxmoxSetup(this.talk(flags), {
      stateDir: flags['state-dir'] ?? this.home(flags).agent,
      passphraseFile: flags['passphrase-file'],
      url: flags.url,
      pin: flags,
      login: { account: flags.login, passwordFile: flags['password-file'], totp: flags.totp },
      account: flags.account,
      tokenId: flags['token-name'],
      jobs: flags.job ?? [],
      extent: { guests: flags.guest ?? [], pools: flags.pool ?? [] },
      isSeparated: flags['privilege-separation'],
      isReplacing: flags['replace-token'],
      accepts: {
        rootToken: flags['accept-root-token'],
        unseparatedToken: flags['accept-unseparated-token'],
      },
      isAgreed: flags.yes,
    })
  }
}
