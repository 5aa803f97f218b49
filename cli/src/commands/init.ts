// SPDX-License-Identifier: Apache-2.0
/** `sallyport init`: makes the operator's identity and the site. */
import { boolean, option, string } from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'

export class Init extends BaseCommand {
  static override summary = "Make an operator's identity and a site to sign for"
  static override description =
    'The keys are made here and stay here, locked under a passphrase that is asked for. ' +
    'The site is public: it names the keys that its agents believe, and the hub reads it. A recovery code is shown once.'
  static override examples = [
    { description: 'Make both, asking for a passphrase', command: 'sallyport init' },
    {
      description: 'For a hub on another machine',
      command: 'sallyport init --name ada --site home --hub https://hub.example:8440',
    },
    {
      description: 'On the machine of one more person, with the site file that you gave them',
      command: 'sallyport init --join site.json --name ben --hub https://hub.example:8440',
    },
    {
      description: 'Without a terminal',
      command: 'sallyport init --passphrase-file ./passphrase',
    },
  ]
  static override flags = {
    name: string({
      helpValue: '<name>',
      summary: 'Your name as agents record it',
      default: 'operator',
    }),
    site: string({ helpValue: '<name>', summary: 'Name of the site', default: 'home' }),
    hub: string({
      helpValue: '<url>',
      summary: 'Address of the hub; it may be started later',
      env: 'SALLYPORT_HUB',
    }),
    profile: option({
      options: ['homelab', 'msp'] as const,
      default: 'homelab' as const,
      summary: 'Whether one signature is enough to destroy something (homelab), or two (msp)',
    })(),
    join: string({
      helpValue: '<file>',
      summary: 'Make keys for a site that exists, of which this is the site file',
    }),
    root: boolean({
      default: false,
      summary: 'With --join: also a root key and a recovery code; without it they are made anyway',
    }),
    'passphrase-file': string({
      helpValue: '<file>',
      env: 'SALLYPORT_PASSPHRASE_FILE',
      summary: 'File with the passphrase to lock the keys under',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Init)
    const request = { home: this.home(flags), talk: this.talk(flags), flags }
    if (flags.join === undefined) {
      const { init } = await import('../work/init.ts')
      return init(request)
    }
    const { initJoin } = await import('../work/init-join.ts')
    return initJoin(request, { siteFile: flags.join, isRootHolder: flags.root })
  }
}
