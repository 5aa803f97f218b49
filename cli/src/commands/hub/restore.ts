// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub restore`: a hub from a backup. */
import { file as fileArgument } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { hubPlaceFlags, hubPlaceOf } from '../../hub-place-flags.ts'

export class HubRestore extends BaseCommand {
  static override summary = 'Restore a backup into an empty database'
  static override description =
    'All of it is brought in, or nothing. Enrolment codes and sessions of before count no more. The hub takes no agents until an ' +
    'operator of each site has confirmed it with the code that this command prints: give it to them yourself.'
  static override examples = [
    { description: 'Into the home of this account', command: 'sallyport hub restore hub.spbk' },
    {
      description: 'Into PostgreSQL, also from the backup of a hub without it',
      command: 'sallyport hub restore hub.spbk --database postgres://hub@db.example/hub',
    },
  ]
  static override args = {
    file: fileArgument({ required: true, description: 'What `hub backup` wrote' }),
  }
  static override flags = hubPlaceFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HubRestore)
    const { hubRestore } = await import('../../work/hub-restore.ts')
    await hubRestore(this.talk(flags), hubPlaceOf(this.home(flags), flags), args.file)
  }
}
