// SPDX-License-Identifier: Apache-2.0
/** `sallyport hub backup`: what a hub has, in one file. */
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { hubPlaceFlags, hubPlaceOf } from '../../hub-place-flags.ts'

export class HubBackup extends BaseCommand {
  static override summary = 'Back a hub up into one file, while it runs'
  static override description =
    'The file is of one moment and can be restored into either store. It has no enrolment codes and no keys of sessions. ' +
    'What is in it is sealed as at the hub, but for the key under which the hub witnesses: keep it as you keep the database.'
  static override examples = [
    { description: 'The hub of this home', command: 'sallyport hub backup --out hub.spbk' },
    {
      description: 'A hub on PostgreSQL',
      command: 'sallyport hub backup --database postgres://hub@db.example/hub --out hub.spbk',
    },
  ]
  static override flags = {
    out: string({ required: true, helpValue: '<file>', summary: 'The file; it must be new' }),
    ...hubPlaceFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(HubBackup)
    const { hubBackup } = await import('../../work/hub-backup.ts')
    await hubBackup(this.talk(flags), hubPlaceOf(this.home(flags), flags), flags.out)
  }
}
