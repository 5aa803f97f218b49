// SPDX-License-Identifier: Apache-2.0
/** `sallyport site add`: a hub serves one more site. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { hubPlaceFlags, hubPlaceOf } from '../../hub-place-flags.ts'

export class SiteAdd extends BaseCommand {
  static override summary = 'Have the hub of this machine serve one more site, while it runs or not'
  static override description =
    'A site file is public: it is operator/site.json of the home of one of its operators. The hub can open nothing of the site. To sign for one more site yourself, make an operator for it in a home of its own: a key belongs to one site.'
  static override examples = [
    { description: 'The hub of this home', command: 'sallyport site add customer.json' },
    {
      description: 'A hub on PostgreSQL, for all of its processes',
      command: 'sallyport site add customer.json --database postgres://hub@db.example/hub',
    },
  ]
  static override args = {
    file: stringArg({ required: true, description: 'The site file' }),
  }
  static override flags = hubPlaceFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SiteAdd)
    const { siteAdd } = await import('../../work/site-add.ts')
    await siteAdd(this.talk(flags), hubPlaceOf(this.home(flags), flags), args.file)
  }
}
